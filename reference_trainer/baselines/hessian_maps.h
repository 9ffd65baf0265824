// Eigen in double for the algebra on Hessians. Private to the *.cpp files of this room.
#pragma once

#include "reference_trainer/ops/cpu_maps.h"

// As in cpu_maps.h: g++ 12 and its own intrinsics.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <Eigen/Cholesky>
#pragma GCC diagnostic pop

#include <vector>

namespace trainer {

using DoubleMap = Eigen::Map<Eigen::MatrixXd>;
using ConstDoubleMap = Eigen::Map<const Eigen::MatrixXd>;

// A square matrix of side n, column by column.
inline ConstDoubleMap square(const std::vector<double>& values, std::int64_t n) {
  return {values.data(), n, n};
}
inline DoubleMap square(std::vector<double>& values, std::int64_t n) {
  return {values.data(), n, n};
}

// Rows of a weight that one task works on: 4 MiB of double at 4096 inputs, and enough rows to reuse
// what is read of a Hessian from memory.
inline constexpr std::int64_t kHessianTileRows = 128;

}  // namespace trainer
