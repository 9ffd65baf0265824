// Matrices that both halves of the library see: host memory plays the device's.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "roste/core/number_types.h"
#include "roste/core/quantizer.h"
#include "roste/cpu/matrix_view.h"
#include "roste/cuda/matrix.h"
#include "tests/support/random_values.h"

namespace roste::cuda::testing {

// rows x cols values, rows `stride` apart.
template <class T>
struct Matrix {
  std::vector<T> values;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t stride = 0;

  Matrix(std::int64_t row_count, std::int64_t col_count, std::int64_t gap = 0)
      : values(static_cast<std::size_t>(row_count * (col_count + gap))),
        rows(row_count),
        cols(col_count),
        stride(col_count + gap) {}

  DeviceMatrix<T> device() { return {values.data(), rows, cols, stride}; }
  DeviceMatrix<const T> device() const { return {values.data(), rows, cols, stride}; }
  cpu::MatrixView<T> host() { return {values.data(), rows, cols, stride}; }
  cpu::MatrixView<const T> host() const { return {values.data(), rows, cols, stride}; }
};

template <class T>
Matrix<T> gaussian(std::uint64_t seed, std::int64_t rows, std::int64_t cols, std::int64_t gap = 0) {
  Matrix<T> matrix(rows, cols, gap);
  const std::vector<float> values =
      roste::testing::gaussian(seed, static_cast<std::int64_t>(matrix.values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) matrix.values[i] = from_float<T>(values[i]);
  return matrix;
}

// Numbers that differ in their bits, padding between rows included; so +0 and -0 do.
template <class T>
std::int64_t different(const std::vector<T>& a, const std::vector<T>& b) {
  std::int64_t count = a.size() == b.size() ? 0 : -1;
  for (std::size_t i = 0; i < a.size() && count >= 0; ++i) {
    count += std::memcmp(&a[i], &b[i], sizeof(T)) != 0;
  }
  return count;
}

// One scheme of every symmetry, range and granularity; group_size divides the rows.
inline std::vector<Scheme> row_schemes(std::int64_t group_size) {
  return {Quantizer<QuantSpec<4, Asymmetric, PerRow>>(),
          Quantizer<QuantSpec<4, Symmetric, PerRow>>(0.8f),
          Quantizer<QuantSpec<8, Asymmetric, PerRow, TightRange>>(),
          Quantizer<QuantSpec<3, Asymmetric, PerRow, PaperEq4>>(0.9f),
          Quantizer<QuantSpec<1, Asymmetric, PerRow>>(),
          Quantizer<QuantSpec<4, Asymmetric, PerGroup<kDynamic>>>(group_size, 0.95f),
          Quantizer<QuantSpec<2, Symmetric, PerGroup<kDynamic>>>(group_size)};
}

inline bool is_symmetric(const Scheme& scheme) { return scheme.grid.codes.min < 0; }

}  // namespace roste::cuda::testing
