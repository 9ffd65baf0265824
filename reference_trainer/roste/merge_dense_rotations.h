// Dense R1 and R2 merged into the weights, in double precision: merge_rotations.h for rotations
// that are learned or drawn at random.
#pragma once

#include "reference_trainer/roste/dense_rotation.h"
#include "reference_trainer/roste/fold_norms.h"
#include "reference_trainer/roste/rotation_places.h"

namespace trainer {

// What acts on one side of a weight; null: the identity.
inline const DenseRotation* merged_rotation(const DenseRotations& r, std::size_t layer,
                                            int rotation) {
  if (rotation == 1) return &r.r1;
  return rotation == 2 && !r.r2.empty() ? &r.r2[layer] : nullptr;
}

// w := out^T w in, each side where it is not null.
template <Backend B>
void rotate_sides(B& backend, const DenseRotation* in, const DenseRotation* out, Tensor<B>& w) {
  if (w.empty() || (in == nullptr && out == nullptr)) return;
  transform_in_double(backend, w, [&](DoubleMatrix wide) {
    const std::span values(wide.data, static_cast<std::size_t>(wide.rows * wide.cols));
    if (in != nullptr) rotate_rows(*in, wide.cols, values);
    if (out != nullptr) rotate_columns(*out, wide.cols, values);
  });
}

// Norms must be folded; without quantizers the model computes the same function afterwards, up to
// rounding. Every weight is rounded once. Effective weights become stale. The plan's choice is not
// changed: it says nothing of dense rotations, and R3 and R4 are its own.
template <Backend B>
void merge_rotations(B& backend, const DenseRotations& r, Parameters<B>& p) {
  rotate_sides(backend, &r.r1, nullptr, p.embedding);
  rotate_sides(backend, &r.r1, nullptr, p.head);
  for (std::size_t i = 0; i < p.layers.size(); ++i) {
    for (const Linear l : kLinears) {
      const DenseRotation* in = merged_rotation(r, i, input_rotation_of(l));
      const DenseRotation* out = merged_rotation(r, i, output_rotation_of(l));
      rotate_sides(backend, in, out, p.layers[i].weight[l]);
      rotate_sides(backend, out, nullptr, p.layers[i].bias[l]);  // a bias is an output, lying down
    }
  }
}

// R1 alone.
template <Backend B>
void merge_r1(B& backend, const DenseRotation& r1, Parameters<B>& p) {
  merge_rotations(backend, {r1, {}}, p);
}

}  // namespace trainer
