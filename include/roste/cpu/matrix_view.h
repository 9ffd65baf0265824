// A row-major matrix that somebody else owns.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace roste::cpu {

// rows x cols values; row r starts at data + r * stride, and stride >= cols.
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t stride = 0;

  MatrixView() = default;
  MatrixView(T* values, std::int64_t row_count, std::int64_t col_count)
      : MatrixView(values, row_count, col_count, col_count) {}
  MatrixView(T* values, std::int64_t row_count, std::int64_t col_count, std::int64_t row_stride)
      : data(values), rows(row_count), cols(col_count), stride(row_stride) {}
  // One row.
  MatrixView(std::span<T> values)
      : MatrixView(values.data(), 1, static_cast<std::int64_t>(values.size())) {}

  T* row(std::int64_t r) const { return data + r * stride; }

  operator MatrixView<const T>() const requires(!std::is_const_v<T>) {
    return {data, rows, cols, stride};
  }
};

namespace detail {

template <class A, class B>
void check_same_shape(const char* verb, const MatrixView<A>& a, const MatrixView<B>& b) {
  if (a.rows == b.rows && a.cols == b.cols) return;
  throw std::invalid_argument(std::string("roste: ") + verb + " from a " + std::to_string(a.rows) +
                              " x " + std::to_string(a.cols) + " to a " + std::to_string(b.rows) +
                              " x " + std::to_string(b.cols) + " matrix; expected equal shapes");
}

}  // namespace detail

}  // namespace roste::cpu
