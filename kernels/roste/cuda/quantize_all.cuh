// The two ways to quantize a matrix: lines in one pass, or fit and then encode where groups are
// longer than a line.
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "roste/core/quantizer.h"
#include "roste/cuda/body/elements.h"
#include "roste/cuda/body/fit.h"
#include "roste/cuda/body/quantize.h"
#include "roste/cuda/launch.cuh"
#include "roste/cuda/plan.h"
#include "roste/cuda/queue.cuh"

namespace roste::cuda::detail {

template <int kLog2Values, class T>
__global__ void __launch_bounds__(kLargestBlock)
    quantize_kernel(const __grid_constant__ QuantizeJob<T> job) {
  DeviceTeam team;
  quantize_body<kLog2Values>(team, job);
}

template <class T>
__global__ void __launch_bounds__(kPreferredBlock)
    encode_kernel(const __grid_constant__ EncodeJob<T> job) {
  DeviceTeam team;
  encode_body(team, job);
}

template <class T>
__global__ void __launch_bounds__(kPreferredBlock)
    scan_kernel(const __grid_constant__ ScanJob<T> job) {
  DeviceTeam team;
  scan_body(team, job);
}

template <class Job>
__global__ void __launch_bounds__(kPreferredBlock) fit_kernel(const __grid_constant__ Job job) {
  DeviceTeam team;
  fit_body(team, job);
}

// What a verb wants of a matrix; null what it does not.
template <class T>
struct Results {
  GroupParams* params = nullptr;
  CodeMatrix<std::uint8_t> codes;
  DeviceMatrix<T> values;
};

template <class T>
void quantize_lines(const Queue& queue, const GroupPlan& plan, const QuantizeJob<T>& job) {
  with_values(plan.log2_values, [&](auto log2) {
    const Lines& lines = plan.grouped.lines;
    launch(quantize_kernel<log2(), T>, job, dim3(static_cast<unsigned>(lines.tiles())),
           lines.block(), shared_bytes<log2()>(lines), queue.stream());
  });
}

// Queues body(job) for every piece.
template <class Job>
void launch_elements(const Queue& queue, void (*kernel)(Job), const Job& job) {
  const std::int64_t blocks = (job.elements.count() + kPreferredBlock - 1) / kPreferredBlock;
  if (blocks == 0) return;
  launch(kernel, job, dim3(static_cast<unsigned>(blocks)), kPreferredBlock, 0, queue.stream());
}

// Parameters of groups that are whole rows or the whole matrix.
template <class T>
void fit_long(const Queue& queue, const Scheme& scheme, const GroupLayout& layout,
              DeviceMatrix<const T> x, GroupParams* params) {
  const std::int32_t parts = scan_parts(layout, x.rows, x.cols);
  const StreamArray<Range> ranges(static_cast<std::size_t>(layout.count) * parts, queue.stream());
  const unsigned blocks = static_cast<unsigned>(layout.count * parts);
  const ScanJob<T> scan{x, layout.runs_per_group, parts, queue.first_non_finite(), ranges.data()};
  launch(scan_kernel<T>, scan, dim3(blocks), kPreferredBlock, 0, queue.stream());
  const FitJob fit{ranges.data(), parts, scheme.grid, params};
  launch(fit_kernel<FitJob>, fit, dim3(static_cast<unsigned>(layout.count)), kPreferredBlock, 0,
         queue.stream());
}

template <class T>
void quantize_long(const Queue& queue, const Scheme& scheme, const GroupLayout& layout,
                   DeviceMatrix<const T> x, const Results<T>& results) {
  const std::size_t scratch =
      results.params == nullptr ? static_cast<std::size_t>(layout.count) : 0;
  const StreamArray<GroupParams> own(scratch, queue.stream());
  GroupParams* params = results.params == nullptr ? own.data() : results.params;
  fit_long(queue, scheme, layout, x, params);
  if (results.codes.data == nullptr && results.values.data == nullptr) return;
  launch_elements(queue, encode_kernel<T>,
                  EncodeJob<T>{x, plan_elements(layout, x.rows, x.cols), scheme.grid, params,
                               results.codes, results.values});
}

// Everything that is wanted of x, or of x R where rotation.size is not 0.
template <class T>
void quantize_all(const Queue& queue, const RotationView& rotation, const Scheme& scheme,
                  DeviceMatrix<const T> x, const Results<T>& results) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  if (layout.count == 0) return;
  if (rotation.size != 0) check_rotated_columns(rotation, x.cols);
  if (fits_line(layout, rotation)) {
    const GroupPlan plan = plan_groups(x.rows, x.cols, layout, rotation);
    const QuantizeJob<T> job{x,
                             plan.grouped,
                             rotation,
                             scheme.grid,
                             queue.first_non_finite(),
                             results.params,
                             results.codes,
                             results.values};
    return quantize_lines(queue, plan, job);
  }
  check_long_groups(layout, rotation);
  quantize_long(queue, scheme, layout, x, results);
}

}  // namespace roste::cuda::detail
