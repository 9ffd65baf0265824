// One tensor at a time in double: folded, turned, and rounded only when it is stored. Rows are cut
// into tiles whose borders depend on the shape alone, so that threads change no bit.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "reference_trainer/base/thread_pool.h"
#include "reference_trainer/roste/change_basis.h"
#include "reference_trainer/roste/dense_rotation.h"

namespace trainer {

// What turns one side of a tensor: a Hadamard rotation, a dense one, or nothing.
struct SideTurn {
  const Turn* hadamard = nullptr;
  const DenseRotation* dense = nullptr;
};

// The turns of all places of a model whose R1 may be dense.
struct ModelTurns {
  BasisChange change;
  std::optional<DenseRotation> dense_r1;
  SideTurn at(std::size_t layer, int rotation) const;
};

// A norm in front of weights: gain [d], and shift [d] or empty.
struct WideNorm {
  std::vector<double> gain, shift;
};

// wide := values.
void widen(ThreadPool& pool, std::span<const float> values, std::vector<double>& wide);

// bias += w shift (where the norm has a shift), then w := w Diag(gain). bias may be empty where the
// norm has no shift.
void absorb_norm(ThreadPool& pool, const WideNorm& norm, DoubleMatrix w, std::span<double> bias);

// As those of fold_values.h.
void centre_columns(ThreadPool& pool, DoubleMatrix w);
void centre_rows(ThreadPool& pool, DoubleMatrix x);

// Every row's runs of values turn; w is contiguous.
void turn_columns(ThreadPool& pool, const SideTurn& turn, DoubleMatrix w);

// Every column's runs of values turn, as turn_matrix() does with rows; w is contiguous.
void turn_rows(ThreadPool& pool, const SideTurn& turn, DoubleMatrix w);

}  // namespace trainer
