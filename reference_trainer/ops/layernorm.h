// LayerNorm: y = (x - mean) / sqrt(variance + eps) * gain + bias, per row; the variance is that of
// the d values themselves (divided by d).
#pragma once

#include "reference_trainer/backend/backend.h"

namespace trainer {

template <Backend B>
struct LayerNormParameters {
  const Tensor<B>& gain;  // [1, d]
  const Tensor<B>& bias;  // [1, d]
};

// x [N, d]; y is reshaped to [N, d] and must not be x; statistics is reshaped to [2, N] and keeps
// the means and 1 / sqrt(variance + eps) for the backward pass. Throws std::invalid_argument on
// unequal sizes.
void layernorm_forward(Cpu& cpu, const Tensor<Cpu>& x, const LayerNormParameters<Cpu>& parameters,
                       float eps, Tensor<Cpu>& y, Tensor<Cpu>& statistics);

// What the backward pass needs of the forward pass.
template <Backend B>
struct LayerNormSaved {
  const Tensor<B>& x;           // [N, d]
  const Tensor<B>& gain;        // [1, d]
  const Tensor<B>& statistics;  // [2, N]
};

template <Backend B>
struct LayerNormGradients {
  Tensor<B>& dx;     // [N, d]
  Tensor<B>& dgain;  // [1, d]
  Tensor<B>& dbias;  // [1, d]
};

// Adds the gradients with respect to x, gain and bias (rows in order for the latter two).
void layernorm_backward(Cpu& cpu, const LayerNormSaved<Cpu>& saved, const Tensor<Cpu>& dy,
                        const LayerNormGradients<Cpu>& gradients);

}  // namespace trainer
