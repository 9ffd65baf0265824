// What the verbs on matrices share: loops over the runs of a group, and the checks at the door.
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

#include "roste/core/groups.h"
#include "roste/core/non_finite.h"
#include "roste/core/quantizer.h"
#include "roste/cpu/detail/number_run.h"
#include "roste/cpu/detail/rounding.h"
#include "roste/cpu/matrix_view.h"

namespace roste::cpu {

// How a code is held in memory before it is packed.
template <class T>
concept CodeType =
    std::same_as<T, std::uint8_t> || std::same_as<T, std::int8_t> || std::same_as<T, std::int16_t>;

// A matrix element that a verb only reads: any number type, const or not.
template <class T>
concept ReadNumber = Number<std::remove_const_t<T>>;

namespace detail {

// How many rows before their turn values are asked for: a row, or enough short ones to hide the way
// to memory. 0, not at all, for a matrix that is expected in a cache near to the core, and for
// groups of several rows, which are read as one stream.
inline std::int64_t rows_to_ask_ahead(const GroupLayout& layout, std::int64_t rows,
                                      std::int64_t cols) {
  constexpr std::int64_t kCached = 262144, kAhead = 4096;  // values: 1 MiB and 16 KiB of float
  if (rows * cols < kCached || layout.runs_per_group != 1) return 0;
  return std::max<std::int64_t>(1, kAhead / cols);
}

// What the loops of one verb on one matrix need to know besides the data.
struct Job {
  Job(const Scheme& s, std::int64_t rows, std::int64_t cols, Isa chosen)
      : isa(chosen),
        grid(s.grid),
        layout(group_layout(s.grouping, rows, cols)),
        rows_ahead(rows_to_ask_ahead(layout, rows, cols)) {
    require_rounding_to_nearest();
  }

  Isa isa;
  Grid grid;
  GroupLayout layout;
  std::int64_t rows_ahead;  // see rows_to_ask_ahead
};

// Calls step(row, col, n) for every run of group g, in order of the rows.
template <class Step>
void for_each_run(const GroupLayout& layout, std::int64_t g, Step&& step) {
  const std::int64_t row = layout.row_of(g, 0), col = layout.col_of(g), n = layout.run_of(g);
  for (std::int64_t r = 0; r < layout.runs_per_group; ++r) step(row + r, col, n);
}

template <class T>
[[noreturn]] void throw_first_non_finite(MatrixView<T> x) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    for (std::int64_t c = 0; c < x.cols; ++c) {
      const float value = to_float(x.row(r)[c]);
      if (!std::isfinite(value)) throw NonFiniteError(value, r, c);
    }
  }
  throw std::logic_error("roste: a scan saw a value that is not finite where there is none");
}

// Smallest and largest value of group g. Throws NonFiniteError.
template <ReadNumber T>
Scan scan_group(const Job& job, std::int64_t g, MatrixView<T> x) {
  Scan scan;
  for_each_run(job.layout, g, [&](std::int64_t row, std::int64_t col, std::int64_t n) {
    scan.merge(scan_values(job.isa, x.row(row) + col, n));
  });
  if (!scan.finite()) throw_first_non_finite(x);
  return scan;
}

// The params of a group whose values are known.
struct FittedGroup : GroupParams {
  Extremes range = {};
};

inline FittedGroup fit_scanned(const Grid& grid, const Scan& scan) {
  return {fit_range(grid, scan.min, scan.max), {scan.min, scan.max}};
}

template <ReadNumber T>
FittedGroup fit_group(const Job& job, std::int64_t g, MatrixView<T> x) {
  return fit_scanned(job.grid, scan_group(job, g, x));
}

// Calls step(g, params) for every group after fitting it. Where two groups and a result fit the L1
// cache, the next group is fitted before step is called: its chain of dependent divisions then runs
// in the shadow of step's work. Flattened: at -O2 the calls between the layers below cost rows of
// 1024 values a quarter of their time.
template <ReadNumber T, class Step>
[[gnu::flatten]] void fit_each_group(const Job& job, MatrixView<T> x, Step&& step) {
  const std::int64_t count = job.layout.count;
  const std::int64_t lead = job.layout.run <= kPiece && job.layout.runs_per_group == 1 ? 1 : 0;
  FittedGroup fitted[2];  // of group g at g % 2
  for (std::int64_t g = -lead; g < count; ++g) {
    if (g + lead < count) fitted[(g + lead) % 2] = fit_group(job, g + lead, x);
    if (g >= 0) step(g, fitted[g % 2]);
  }
}

inline void check_params(const GroupLayout& layout, std::size_t params) {
  if (params == static_cast<std::size_t>(layout.count)) return;
  throw std::invalid_argument("roste: " + std::to_string(params) + " group parameters for " +
                              std::to_string(layout.count) + " groups");
}

// Params that a caller hands over: a positive finite scale, and a zero point whose distance to any
// code fits an int32.
inline void check_params(const GroupLayout& layout, std::span<const GroupParams> params) {
  constexpr std::int32_t kLargestZero = 1 << 30;
  check_params(layout, params.size());
  for (std::size_t g = 0; g < params.size(); ++g) {
    const auto [scale, zero] = params[g];
    if (!(scale > 0.0f && scale <= kLargestFloat)) {
      throw std::invalid_argument("roste: scale " + std::to_string(scale) + " of group " +
                                  std::to_string(g) + "; expected a positive finite number");
    }
    if (zero > kLargestZero || zero < -kLargestZero) {
      throw std::invalid_argument("roste: zero point " + std::to_string(zero) + " of group " +
                                  std::to_string(g) + "; expected at most 2^30 in magnitude");
    }
  }
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

// What is asked for while the values at row, col are worked on, or null.
template <class T>
T* ahead_of(const Job& job, std::int64_t row, std::int64_t col, MatrixView<T> x) {
  if (job.rows_ahead == 0 || row + job.rows_ahead >= x.rows) return nullptr;
  return x.row(row + job.rows_ahead) + col;
}

// Calls step(run, row, col) for the values of group g as floats, in order, in parts that start at
// row, col.
template <ReadNumber T, class Step>
void for_each_float_run(const Job& job, std::int64_t g, MatrixView<T> x, Step&& step) {
  using Value = std::remove_const_t<T>;
  for_each_run(job.layout, g, [&](std::int64_t row, std::int64_t col, std::int64_t n) {
    for_each_float_run<Value>(
        job.isa, x.row(row) + col, n, ahead_of(job, row, col, x),
        [&](const FloatRun& run, std::int64_t first) { step(run, row, col + first); });
  });
}

}  // namespace detail
}  // namespace roste::cpu
