// A model as transformers loads it: full precision, an architecture of its own, v4 keys.
#pragma once

#include "reference_trainer/formats/export_model.h"

namespace trainer {

// Writes job.output; `network` becomes plain (make_plain). Returns what readers should know, which
// also stands in README.md. Throws Error EX-03, EX-07, IO-02.
Notes export_hf(Cpu& cpu, const ExportJob& job, Network<Cpu>& network);

}  // namespace trainer
