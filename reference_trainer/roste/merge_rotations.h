// App. D: R1 merged into every weight that reads or writes the residual stream, in double
// precision.
#pragma once

#include "reference_trainer/model/effective_weights.h"
#include "reference_trainer/roste/fold_norms.h"
#include "roste/cpu/rotate.h"

namespace trainer {

// x R for the rows of a matrix whose columns are residual channels: embedding, head, and the
// inputs of q, k, v, gate, up; also a bias that is added to the stream.
template <Backend B>
void rotate_residual_columns(B& backend, const roste::Rotation& r1, Tensor<B>& w) {
  transform_in_double(backend, w,
                      [&](std::vector<double>& values, std::int64_t rows, std::int64_t cols) {
                        roste::cpu::rotate_rows(
                            r1, roste::cpu::MatrixView<double>{values.data(), rows, cols, cols});
                      });
}

// The output side of o and down: w [d, in] becomes R^T w.
template <Backend B>
void rotate_residual_rows(B& backend, const roste::Rotation& r1, Tensor<B>& w) {
  transform_in_double(backend, w,
                      [&](std::vector<double>& values, std::int64_t rows, std::int64_t cols) {
                        roste::cpu::rotate_columns(
                            r1, roste::cpu::MatrixView<double>{values.data(), rows, cols, cols});
                      });
}

// Norms must be folded; the model computes the same function afterwards, up to rounding. Effective
// weights become stale. The plan's choice is not changed: callers set it.
template <Backend B>
void merge_r1(B& backend, const roste::Rotation& r1, Parameters<B>& p) {
  rotate_residual_columns(backend, r1, p.embedding);
  rotate_residual_columns(backend, r1, p.head);
  for (auto& layer : p.layers) {
    for (const Linear l : {Linear::kQ, Linear::kK, Linear::kV, Linear::kGate, Linear::kUp}) {
      if (!layer.weight[l].empty()) rotate_residual_columns(backend, r1, layer.weight[l]);
    }
    for (const Linear l : {Linear::kO, Linear::kDown}) {
      rotate_residual_rows(backend, r1, layer.weight[l]);
      if (!layer.bias[l].empty()) rotate_residual_columns(backend, r1, layer.bias[l]);
    }
  }
}

// Puts a folded, unrotated network under `choice` and `quant`: merges R1 where it is chosen, sets
// the in-block rotations, and recomputes the effective weights.
template <Backend B>
void apply_plan(B& backend, const QuantConfig& quant, const RotationChoice& choice,
                Network<B>& network) {
  if (choice.r1())
    merge_r1(backend, make_rotation_matrices(network.plan.shape, choice.seed).r1,
             network.parameters);
  const NormGains gains = network.plan.norm_gains;
  network.plan = make_plan(network.plan.shape, quant, choice);
  network.plan.norm_gains = gains;
  update_effective_weights(backend, network);
}

}  // namespace trainer
