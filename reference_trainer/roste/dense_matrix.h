// Dense rotations as Eigen matrices. Private to the sources that compute with them.
#pragma once

#define EIGEN_DONT_PARALLELIZE  // same bits for any number of threads

// g++ 12 takes the undefined operands of its own AVX-512 intrinsics for uninitialised variables.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <Eigen/Dense>
#pragma GCC diagnostic pop

#include <span>

#include "reference_trainer/roste/dense_rotation.h"

namespace trainer {

using DenseMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Copies of d * d values: Eigen's own memory is aligned, so products have the same bits in every
// run.
inline DenseMatrix matrix_of(std::span<const double> values, std::int64_t d) {
  return Eigen::Map<const DenseMatrix>(values.data(), d, d);
}
inline DenseMatrix matrix_of(const DenseRotation& rotation) {
  return matrix_of(rotation.values(), rotation.size());
}
inline DenseRotation rotation_of(const DenseMatrix& m) {
  return {m.rows(), {m.data(), m.data() + m.size()}};
}

}  // namespace trainer
