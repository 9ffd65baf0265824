// Quantization error of a matrix, without writing the quantized matrix anywhere.
#pragma once

#include <cstdint>

#include "roste/core/error.h"
#include "roste/cpu/quantize.h"

namespace roste::cpu {

// Sums over all values of x [rows, cols] of what fake_quantize does to them: one term of eq. (12).
// The order of additions depends on shapes only. Throws NonFiniteError and std::invalid_argument.
inline ErrorSums measure(const Scheme& scheme, MatrixView<const float> x) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  ErrorSums total;
  for (std::int64_t g = 0; g < layout.count; ++g) {
    const detail::Scan scan = detail::scan_group(layout, g, x);
    const GroupParams params = fit_range(scheme.grid, scan.min, scan.max);
    ErrorSums group;
    group.min = scan.min;
    group.max = scan.max;
    for (std::int64_t r = 0; r < layout.runs_per_group; ++r) {
      detail::measure_run(x.row(layout.row_of(g, r)) + layout.col_of(g), params, scheme.grid.codes,
                          layout.run, group);
    }
    total.merge(group);
  }
  return total;
}

}  // namespace roste::cpu
