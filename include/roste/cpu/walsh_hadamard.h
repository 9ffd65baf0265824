// The unnormalised Walsh-Hadamard transform alone, without the signs and the scale of a Rotation.
#pragma once

#include <bit>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "roste/cpu/detail/rotate_tiles.h"
#include "roste/cpu/detail/rounding.h"
#include "roste/cpu/isa.h"
#include "roste/cpu/matrix_view.h"

namespace roste::cpu {

// Every row of x [rows, n] times H_n, entry (i, j) of which is (-1)^popcount(i & j), into y of the
// same shape, which may be x but not overlap it otherwise. n is a power of two; stages have
// ascending strides. Nothing is allocated. Throws std::invalid_argument for other shapes.
inline void walsh_hadamard_rows(MatrixView<const float> x, MatrixView<float> y,
                                Isa isa = best_isa()) {
  detail::require_rounding_to_nearest();
  detail::check_same_shape("transforming", x, y);
  if (!std::has_single_bit(static_cast<std::uint64_t>(x.cols))) {
    throw std::invalid_argument("roste: a Walsh-Hadamard transform of " + std::to_string(x.cols) +
                                " columns; expected a power of two");
  }
  const int log2_size = std::countr_zero(static_cast<std::uint64_t>(x.cols));
  const detail::RotatedRows<float> job{x.data, x.stride, y.data, y.stride, x.rows, x.cols};
#if ROSTE_X86_KERNELS
  if (isa == Isa::kAvx512) return simd::avx512::transform_rows(log2_size, detail::joined_rows(job));
  if (isa == Isa::kAvx2) return simd::avx2::transform_rows(log2_size, detail::joined_rows(job));
#endif
  static_cast<void>(isa);
  static_cast<void>(log2_size);
  for (std::int64_t r = 0; r < x.rows; ++r) {
    if (x.row(r) != y.row(r)) std::copy_n(x.row(r), x.cols, y.row(r));
    detail::walsh_hadamard(y.row(r), x.cols);
  }
}

}  // namespace roste::cpu
