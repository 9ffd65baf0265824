// SwiGLU: y = silu(gate) * up, with silu(g) = g / (1 + exp(-g)).
#pragma once

#include "reference_trainer/backend/backend.h"

namespace trainer {

// gate, up [N, ffn]; y is reshaped to [N, ffn] and must not alias them.
void swiglu_forward(Cpu& cpu, const Tensor<Cpu>& gate, const Tensor<Cpu>& up, Tensor<Cpu>& y);

// In place: on entry gate and up hold the forward inputs [N, ffn] and dy the upstream gradient; on
// return gate holds d/dgate and up holds d/dup.
void swiglu_backward(Cpu& cpu, const Tensor<Cpu>& dy, Tensor<Cpu>& gate, Tensor<Cpu>& up);

}  // namespace trainer
