// Quantization error of a matrix, without writing the quantized matrix anywhere.
#pragma once

#include <cstdint>

#include "roste/core/error.h"
#include "roste/cpu/detail/group_loops.h"
#include "roste/cpu/detail/measure_kernel.h"
#include "roste/cpu/quantize.h"

namespace roste::cpu {
namespace detail {

// Adds the errors of group g under params. Runs are added in order of the rows, each as ErrorLanes
// does.
template <ReadNumber T>
void add_group_errors(const Job& job, std::int64_t g, MatrixView<T> x, GroupParams params,
                      ErrorSums& sums) {
  using Value = std::remove_const_t<T>;
  for_each_run(job.layout, g, [&](std::int64_t row, std::int64_t col, std::int64_t n) {
    ErrorLanes lanes;
    for_each_float_run<Value>(job.isa, x.row(row) + col, n, nullptr,
                              [&](const FloatRun& run, std::int64_t) {
                                measure_run(job.isa, run.x, params, job.grid.codes, run.n, lanes);
                              });
    lanes.add_to(sums);
    sums.count += n;
  });
}

template <ReadNumber T>
ErrorSums measure_group(const Job& job, std::int64_t g, MatrixView<T> x) {
  const Scan scan = scan_group(job, g, x);
  ErrorSums sums;
  sums.min = scan.min;
  sums.max = scan.max;
  add_group_errors(job, g, x, fit_range(job.grid, scan.min, scan.max), sums);
  return sums;
}

}  // namespace detail

// Sums over all values of x [rows, cols] of what fake_quantize does to them in float: one term of
// eq. (12). The order of additions depends on shapes only. Throws NonFiniteError and
// std::invalid_argument.
template <ReadNumber T>
ErrorSums measure(const Scheme& scheme, MatrixView<T> x, Isa isa = best_isa()) {
  const detail::Job job(scheme, x.rows, x.cols, isa);
  ErrorSums total;
  for (std::int64_t g = 0; g < job.layout.count; ++g) {
    total.merge(detail::measure_group(job, g, x));
  }
  return total;
}

}  // namespace roste::cpu
