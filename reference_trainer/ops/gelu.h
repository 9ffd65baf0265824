// GELU with the exact error function: y = x Phi(x), Phi(x) = (1 + erf(x / sqrt(2))) / 2
// (Hendrycks and Gimpel 2016).
#pragma once

#include "reference_trainer/backend/backend.h"

namespace trainer {

// x [N, ffn]; y is reshaped to [N, ffn] and must not be x. |error of y| is at most
// (10 + x^2) 2^-24 |y| + 2^-120: ten roundings, and that of x^2 in the exponent.
void gelu_forward(Cpu& cpu, const Tensor<Cpu>& x, Tensor<Cpu>& y);

// In place: on entry x holds the forward input [N, ffn] and dy the upstream gradient; on return x
// holds dy (Phi(x) + x phi(x)), the gradient with respect to the input. Throws
// std::invalid_argument on unequal shapes.
void gelu_backward(Cpu& cpu, const Tensor<Cpu>& dy, Tensor<Cpu>& x);

}  // namespace trainer
