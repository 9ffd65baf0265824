// The low-rank term of LoRA (Hu et al. 2022, eq. 3), y += s B A x beside a linear layer: the
// product B A is never formed.
#pragma once

#include "reference_trainer/backend/backend.h"

namespace trainer {

template <Backend B>
struct LowRank {
  const Tensor<B>& a;  // [r, in]
  const Tensor<B>& b;  // [out, r]
  float scale;         // s
};

// y[N, out] += scale * (x[N, in] a^T) b^T. Throws std::invalid_argument on unequal dimensions, as
// does the backward pass.
void low_rank_forward(Cpu& cpu, const LowRank<Cpu>& weight, const Tensor<Cpu>& x, Tensor<Cpu>& y);

// All of them are added to.
template <Backend B>
struct LowRankGradients {
  Tensor<B>& da;  // [r, in]
  Tensor<B>& db;  // [out, r]
  Tensor<B>& dx;  // [N, in]
};

// The gradients of low_rank_forward from x[N, in] and dy[N, out]: with h = scale * x a^T and
// dh = scale * dy b, da += dh^T x, db += dy^T h and dx += dh a. dx must not be x or dy.
void low_rank_backward(Cpu& cpu, const LowRank<Cpu>& weight, const Tensor<Cpu>& x,
                       const Tensor<Cpu>& dy, const LowRankGradients<Cpu>& gradients);

}  // namespace trainer
