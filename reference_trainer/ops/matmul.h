// Dense products in float32. n and t say which operand is read transposed: weights are stored
// [out, in], so a linear layer's forward is matmul_nt.
#pragma once

#include "reference_trainer/backend/backend.h"

namespace trainer {

// c[m, n] := a[m, k] * b[n, k]^T. c is reshaped; it must not alias a or b. Throws
// std::invalid_argument on unequal inner dimensions, as do all products here.
void matmul_nt(Cpu& cpu, const Tensor<Cpu>& a, const Tensor<Cpu>& b, Tensor<Cpu>& c);

// c[m, n] += a[m, k] * b[n, k]^T; c keeps its shape.
void matmul_nt_add(Cpu& cpu, const Tensor<Cpu>& a, const Tensor<Cpu>& b, Tensor<Cpu>& c);

// c[m, n] := a[m, k] * b[k, n].
void matmul_nn(Cpu& cpu, const Tensor<Cpu>& a, const Tensor<Cpu>& b, Tensor<Cpu>& c);

// c[m, n] += a[m, k] * b[k, n]; c keeps its shape.
void matmul_nn_add(Cpu& cpu, const Tensor<Cpu>& a, const Tensor<Cpu>& b, Tensor<Cpu>& c);

// c[m, n] += a[k, m]^T * b[k, n]; c keeps its shape. The gradient of a weight: dW += dY^T X.
void matmul_tn_add(Cpu& cpu, const Tensor<Cpu>& a, const Tensor<Cpu>& b, Tensor<Cpu>& c);

}  // namespace trainer
