// A row-major matrix in the memory of a device, which somebody else owns.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "roste/core/host_device.h"

namespace roste::cuda {

// rows x cols values; row r starts at data + r * stride, and stride >= cols. A type of its own, so
// that a verb of roste::cpu does not take it.
template <class T>
struct DeviceMatrix {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t stride = 0;

  DeviceMatrix() = default;
  DeviceMatrix(T* values, std::int64_t row_count, std::int64_t col_count)
      : DeviceMatrix(values, row_count, col_count, col_count) {}
  DeviceMatrix(T* values, std::int64_t row_count, std::int64_t col_count, std::int64_t row_stride)
      : data(values), rows(row_count), cols(col_count), stride(row_stride) {}

  ROSTE_HD T* row(std::int64_t r) const { return data + r * stride; }

  template <class U = T>
  requires(!std::is_const_v<U>) operator DeviceMatrix<const U>() const {
    return {data, rows, cols, stride};
  }
};

namespace detail {

template <class A, class B>
void check_same_shape(const char* verb, const DeviceMatrix<A>& a, const DeviceMatrix<B>& b) {
  if (a.rows == b.rows && a.cols == b.cols) return;
  throw std::invalid_argument(std::string("roste: ") + verb + " from a " + std::to_string(a.rows) +
                              " x " + std::to_string(a.cols) + " to a " + std::to_string(b.rows) +
                              " x " + std::to_string(b.cols) + " matrix; expected equal shapes");
}

}  // namespace detail

}  // namespace roste::cuda
