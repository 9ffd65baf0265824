// The verbs on Eigen matrices. The only header of the library that includes Eigen.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

#include "roste/core/error.h"
#include "roste/cpu/backward.h"
#include "roste/cpu/matrix_view.h"
#include "roste/cpu/measure.h"
#include "roste/cpu/quantize.h"
#include "roste/cpu/rotate.h"

namespace roste::cpu {

// Row-major, as weights [out, in] and activations [tokens, features] are.
template <class T>
using RowMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class T>
MatrixView<T> view(RowMatrix<T>& x) {
  return {x.data(), x.rows(), x.cols(), x.outerStride()};
}

template <class T>
MatrixView<const T> view(const RowMatrix<T>& x) {
  return {x.data(), x.rows(), x.cols(), x.outerStride()};
}

// Codes and what they stand for; dequantize gives the values back.
struct QuantizedMatrix {
  RowMatrix<std::int16_t> codes;
  std::vector<GroupParams> params;  // one per group, row-major
};

// fit and encode of a whole matrix, eq. (1). Throws NonFiniteError and std::invalid_argument.
inline QuantizedMatrix quantize(const Scheme& scheme, const RowMatrix<float>& x) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows(), x.cols());
  QuantizedMatrix result{RowMatrix<std::int16_t>(x.rows(), x.cols()),
                         std::vector<GroupParams>(static_cast<std::size_t>(layout.count))};
  quantize(scheme, view(x), std::span<GroupParams>(result.params), view(result.codes));
  return result;
}

// The values of a quantized matrix.
inline RowMatrix<float> dequantize(const Scheme& scheme, const QuantizedMatrix& q) {
  RowMatrix<float> x(q.codes.rows(), q.codes.cols());
  dequantize(scheme, view(q.codes), std::span<const GroupParams>(q.params), view(x));
  return x;
}

// Q(x), eq. (1). Throws as quantize does.
inline RowMatrix<float> fake_quantize(const Scheme& scheme, RowMatrix<float> x) {
  fake_quantize(scheme, view(x));
  return x;
}

// x R for every run of rotation.size() columns, eq. (19).
template <class T>
RowMatrix<T> rotate_rows(const Rotation& rotation, RowMatrix<T> x) {
  rotate_rows(rotation, view(x));
  return x;
}

// x R^T, the inverse of rotate_rows.
template <class T>
RowMatrix<T> rotate_rows_transposed(const Rotation& rotation, RowMatrix<T> x) {
  rotate_rows_transposed(rotation, view(x));
  return x;
}

// Error of Q on x, one term of eq. (12).
inline ErrorSums measure(const Scheme& scheme, const RowMatrix<float>& x) {
  return measure(scheme, view(x));
}

}  // namespace roste::cpu
