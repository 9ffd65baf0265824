// Quantizes row-major matrices on the CPU: fit, quantize, dequantize, fake_quantize.
//
// Everywhere a Scheme is asked for, a Quantizer<QuantSpec<...>> will do. Params are one per group,
// in row-major order of the groups (core/groups.h).
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "roste/core/quantizer.h"
#include "roste/cpu/group_kernel.h"
#include "roste/cpu/matrix_view.h"
#include "roste/cpu/non_finite.h"

namespace roste::cpu {

// How a code is held in memory before it is packed.
template <class T>
concept CodeType =
    std::same_as<T, std::uint8_t> || std::same_as<T, std::int8_t> || std::same_as<T, std::int16_t>;

namespace detail {

[[noreturn]] inline void throw_first_non_finite(MatrixView<const float> x) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    for (std::int64_t c = 0; c < x.cols; ++c) {
      if (!std::isfinite(x.row(r)[c])) throw NonFiniteError(x.row(r)[c], r, c);
    }
  }
  throw std::logic_error("roste: a scan saw a value that is not finite where there is none");
}

// Smallest and largest value of group g. Throws NonFiniteError.
inline Scan scan_group(const GroupLayout& layout, std::int64_t g, MatrixView<const float> x) {
  Scan scan;
  for (std::int64_t r = 0; r < layout.runs_per_group; ++r) {
    scan.merge(scan_run(x.row(layout.row_of(g, r)) + layout.col_of(g), layout.run));
  }
  if (!scan.finite()) throw_first_non_finite(x);
  return scan;
}

inline GroupParams fit_group(const Grid& grid, const GroupLayout& layout, std::int64_t g,
                             MatrixView<const float> x) {
  const Scan scan = scan_group(layout, g, x);
  return fit_range(grid, scan.min, scan.max);
}

inline void check_params(const GroupLayout& layout, std::size_t params) {
  if (params == static_cast<std::size_t>(layout.count)) return;
  throw std::invalid_argument("roste: " + std::to_string(params) + " group parameters for " +
                              std::to_string(layout.count) + " groups");
}

template <CodeType Code>
void check_code_type(CodeRange codes) {
  if (codes.min >= std::numeric_limits<Code>::min() &&
      codes.max <= std::numeric_limits<Code>::max()) {
    return;
  }
  throw std::invalid_argument("roste: codes " + std::to_string(codes.min) + " to " +
                              std::to_string(codes.max) + " do not fit a code type of " +
                              std::to_string(8 * sizeof(Code)) + " bits");
}

}  // namespace detail

// Scale and zero point of every group of x, eqs. (2) and (4). params: one per group.
// Throws NonFiniteError, and std::invalid_argument for shapes that do not fit.
inline void fit(const Scheme& scheme, MatrixView<const float> x, std::span<GroupParams> params) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  detail::check_params(layout, params.size());
  for (std::int64_t g = 0; g < layout.count; ++g) {
    params[static_cast<std::size_t>(g)] = detail::fit_group(scheme.grid, layout, g, x);
  }
}

// Codes of x [rows, cols] under given params, the inner part of eq. (1). codes [rows, cols].
// Throws std::invalid_argument for shapes or a code type that do not fit; x must be finite.
template <CodeType Code>
void encode(const Scheme& scheme, MatrixView<const float> x, std::span<const GroupParams> params,
            MatrixView<Code> codes) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  detail::check_params(layout, params.size());
  detail::check_same_shape("encoding", x, codes);
  detail::check_code_type<Code>(scheme.grid.codes);
  for (std::int64_t g = 0; g < layout.count; ++g) {
    for (std::int64_t r = 0; r < layout.runs_per_group; ++r) {
      const std::int64_t row = layout.row_of(g, r), col = layout.col_of(g);
      detail::encode_run(x.row(row) + col, params[static_cast<std::size_t>(g)], scheme.grid.codes,
                         layout.run, codes.row(row) + col);
    }
  }
}

// fit, then encode: codes [rows, cols] and params of x, eq. (1). Throws NonFiniteError, and
// std::invalid_argument for shapes or a code type that do not fit.
template <CodeType Code>
void quantize(const Scheme& scheme, MatrixView<const float> x, std::span<GroupParams> params,
              MatrixView<Code> codes) {
  fit(scheme, x, params);
  encode(scheme, x, std::span<const GroupParams>(params), codes);
}

// The values of codes, the outer part of eq. (1): x [rows, cols]. Throws std::invalid_argument for
// shapes that do not fit. Code may be const.
template <class Code>
requires CodeType<std::remove_const_t<Code>>
void dequantize(const Scheme& scheme, MatrixView<Code> codes, std::span<const GroupParams> params,
                MatrixView<float> x) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  detail::check_params(layout, params.size());
  detail::check_same_shape("dequantizing", codes, x);
  for (std::int64_t g = 0; g < layout.count; ++g) {
    for (std::int64_t r = 0; r < layout.runs_per_group; ++r) {
      const std::int64_t row = layout.row_of(g, r), col = layout.col_of(g);
      detail::decode_run(codes.row(row) + col, params[static_cast<std::size_t>(g)], layout.run,
                         x.row(row) + col);
    }
  }
}

// x := Q(x) in place, eq. (1); the same numbers as quantize followed by dequantize. Throws
// NonFiniteError before the group of the value is changed, and std::invalid_argument.
inline void fake_quantize(const Scheme& scheme, MatrixView<float> x) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  for (std::int64_t g = 0; g < layout.count; ++g) {
    const GroupParams params = detail::fit_group(scheme.grid, layout, g, x);
    for (std::int64_t r = 0; r < layout.runs_per_group; ++r) {
      detail::fake_quantize_run(params, scheme.grid.codes, layout.run,
                                x.row(layout.row_of(g, r)) + layout.col_of(g));
    }
  }
}

// y := Q(x). y [rows, cols] may be x, but must not overlap it otherwise. Throws as the one above.
inline void fake_quantize(const Scheme& scheme, MatrixView<const float> x, MatrixView<float> y) {
  detail::check_same_shape("quantizing", x, y);
  for (std::int64_t r = 0; r < x.rows && x.data != y.data; ++r) {
    std::copy(x.row(r), x.row(r) + x.cols, y.row(r));
  }
  fake_quantize(scheme, y);
}

}  // namespace roste::cpu
