// A quantized model as compressed-tensors' pack-quantized format has it, which transformers and
// vLLM read.
#pragma once

#include "reference_trainer/formats/export_model.h"

namespace trainer {

// Writes job.output: codes of all linear layers, everything else in float32, and README.md with
// what is returned: what the format does not carry. Throws Error EX-01 for GPT-NeoX, EX-03 where
// the model has no codes, EX-04 where 8 bits cannot hold a zero point, IO-02.
Notes export_compressed_tensors(Cpu& cpu, const ExportJob& job, Network<Cpu>& network);

}  // namespace trainer
