// The norm of a model's kind in front of a branch or the head.
#pragma once

#include "reference_trainer/io/model_shape.h"
#include "reference_trainer/ops/layernorm.h"
#include "reference_trainer/ops/rmsnorm.h"

namespace trainer {

// RMSNorm has no bias.
template <Backend B>
struct NormParameters {
  const Tensor<B>& gain;  // [1, d]
  const Tensor<B>& bias;  // [1, d] or empty
};

// y [N, d] := norm(x [N, d]); statistics keeps [1, N] (RMSNorm) or [2, N] (LayerNorm) for the
// backward pass.
template <Backend B>
void norm_forward(B& backend, const ModelShape& shape, const NormParameters<B>& p,
                  const Tensor<B>& x, Tensor<B>& y, Tensor<B>& statistics) {
  if (shape.norm == NormKind::kLayerNorm) {
    layernorm_forward(backend, x, {p.gain, p.bias}, shape.norm_eps, y, statistics);
  } else {
    rmsnorm_forward(backend, x, p.gain, shape.norm_eps, y, statistics);
  }
}

template <Backend B>
struct NormSaved {
  const Tensor<B>& x;           // [N, d]
  const Tensor<B>& gain;        // [1, d]
  const Tensor<B>& statistics;  // [1 or 2, N]
};

template <Backend B>
struct NormGradients {
  Tensor<B>& dx;     // [N, d]
  Tensor<B>& dgain;  // [1, d]
  Tensor<B>& dbias;  // [1, d], not touched by RMSNorm
};

// Adds all gradients.
template <Backend B>
void norm_backward(B& backend, const ModelShape& shape, const NormSaved<B>& saved,
                   const Tensor<B>& dy, const NormGradients<B>& g) {
  if (shape.norm == NormKind::kLayerNorm) {
    layernorm_backward(backend, {saved.x, saved.gain, saved.statistics}, dy,
                       {g.dx, g.dgain, g.dbias});
  } else {
    rmsnorm_backward(backend, {saved.x, saved.gain, saved.statistics}, dy, g.dx, g.dgain);
  }
}

}  // namespace trainer
