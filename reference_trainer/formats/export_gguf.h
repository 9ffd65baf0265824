// A model as one GGUF file, which llama.cpp and its kin run.
#pragma once

#include "reference_trainer/formats/export_model.h"

namespace trainer {

// Writes model.gguf and README.md to job.output. Matrices of linear layers have --gguf_type,
// vectors are F32, embedding and head F32 with f32 and F16 otherwise. `network` becomes plain
// (make_plain). Returns what readers should know. Throws Error EX-01 for an architecture that
// llama.cpp does not have, EX-02 for q4_1 under R4, EX-03 and EX-04 for q4_1 without codes of at
// most 4 bits, EX-05 for rows that are not made of blocks of 32, EX-06, EX-07, TK, IO-02.
Notes export_gguf(Cpu& cpu, const ExportJob& job, Network<Cpu>& network);

}  // namespace trainer
