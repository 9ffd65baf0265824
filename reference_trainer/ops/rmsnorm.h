// RMSNorm: y = x / sqrt(mean(x^2) + eps) * gain, per row.
#pragma once

#include "reference_trainer/backend/backend.h"

namespace trainer {

// x [N, d], gain [1, d]; y is reshaped to [N, d] and must not be x; inverse_rms is reshaped to [1,
// N] and keeps 1 / sqrt(mean(x^2) + eps) for the backward pass.
void rmsnorm_forward(Cpu& cpu, const Tensor<Cpu>& x, const Tensor<Cpu>& gain, float eps,
                     Tensor<Cpu>& y, Tensor<Cpu>& inverse_rms);

// What the backward pass needs of the forward pass.
template <Backend B>
struct RmsNormSaved {
  const Tensor<B>& x;            // [N, d]
  const Tensor<B>& gain;         // [1, d]
  const Tensor<B>& inverse_rms;  // [1, N]
};

// dx += gradient with respect to x; dgain += gradient with respect to gain (rows added in order).
void rmsnorm_backward(Cpu& cpu, const RmsNormSaved<Cpu>& saved, const Tensor<Cpu>& dy,
                      Tensor<Cpu>& dx, Tensor<Cpu>& dgain);

}  // namespace trainer
