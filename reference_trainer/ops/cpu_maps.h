// Eigen's views of tensors. Private to the *_cpu.cpp files: Eigen stays out of the contracts.
#pragma once

#define EIGEN_DONT_PARALLELIZE  // threads are ours: see cpu_chunks.h

// g++ 12 takes the undefined operands of its own AVX-512 intrinsics for uninitialised variables.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <Eigen/Core>
#pragma GCC diagnostic pop

#include "reference_trainer/backend/backend.h"

namespace trainer {

using RowMajorMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ColMajorMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;

using MatrixView = Eigen::Map<RowMajorMatrix>;
using ConstMatrixView = Eigen::Map<const RowMajorMatrix>;
using ConstTransposedView = Eigen::Map<const ColMajorMatrix>;

// A run of consecutive values.
using ArrayView = Eigen::Map<Eigen::ArrayXf>;
using ConstArrayView = Eigen::Map<const Eigen::ArrayXf>;

inline MatrixView view(Tensor<Cpu>& t) { return {t.data(), t.rows(), t.cols()}; }
inline ConstMatrixView view(const Tensor<Cpu>& t) { return {t.data(), t.rows(), t.cols()}; }

// The transpose [cols, rows] without moving anything.
inline ConstTransposedView transposed(const Tensor<Cpu>& t) {
  return {t.data(), t.cols(), t.rows()};
}

}  // namespace trainer
