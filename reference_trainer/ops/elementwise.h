// Residual additions and biases.
#pragma once

#include "reference_trainer/backend/backend.h"

namespace trainer {

// y += x, equal shapes.
void add(Cpu& cpu, const Tensor<Cpu>& x, Tensor<Cpu>& y);

// y[r, c] += bias[c]; bias is [1, cols].
void bias_forward(Cpu& cpu, const Tensor<Cpu>& bias, Tensor<Cpu>& y);

// dbias[c] += sum over rows r of dy[r, c], in row order.
void bias_backward(Cpu& cpu, const Tensor<Cpu>& dy, Tensor<Cpu>& dbias);

}  // namespace trainer
