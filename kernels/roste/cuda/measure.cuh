// Quantization error of a matrix on a device, without writing the quantized matrix anywhere.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <span>

#include "roste/core/error.h"
#include "roste/cuda/body/measure.h"
#include "roste/cuda/device_rotation.cuh"
#include "roste/cuda/quantize_all.cuh"

namespace roste::cuda {

namespace detail {

template <int kLog2Values, class T>
__global__ void __launch_bounds__(kLargestBlock)
    measure_kernel(const __grid_constant__ MeasureJob<T> job) {
  DeviceTeam team;
  measure_body<kLog2Values>(team, job);
}

template <class T>
__global__ void __launch_bounds__(kPreferredBlock)
    measure_elements_kernel(const __grid_constant__ MeasureElementsJob<T> job) {
  DeviceTeam team;
  measure_elements_body(team, job);
}

template <class Job>
__global__ void __launch_bounds__(kPreferredBlock)
    merge_errors_kernel(const __grid_constant__ Job job) {
  DeviceTeam team;
  merge_errors_body(team, job);
}

inline constexpr int kElementBlocks = 1024;  // that add up groups longer than a line

// Folds parts [count] into *total.
inline void merge_errors(const Queue& queue, const ErrorSums* parts, std::int64_t count,
                         ErrorSums* total) {
  const StreamArray<ErrorSums> between(kMergeBlocks, queue.stream());
  const auto merge = merge_errors_kernel<MergeErrorsJob>;
  launch(merge, MergeErrorsJob{parts, count, between.data()}, dim3(kMergeBlocks), kPreferredBlock,
         0, queue.stream());
  launch(merge, MergeErrorsJob{between.data(), kMergeBlocks, total}, dim3(1), kMergeBlocks, 0,
         queue.stream());
}

template <class T>
void measure_lines(const Queue& queue, const RotationView& rotation, const Scheme& scheme,
                   DeviceMatrix<const T> x, ErrorSums* total) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  const GroupPlan plan = plan_groups(x.rows, x.cols, layout, rotation);
  const Lines& lines = plan.grouped.lines;
  const StreamArray<ErrorSums> parts(static_cast<std::size_t>(lines.tiles()), queue.stream());
  const MeasureJob<T> job{
      x, plan.grouped, rotation, scheme.grid, queue.first_non_finite(), parts.data()};
  with_values(plan.log2_values, [&](auto log2) {
    launch(measure_kernel<log2(), T>, job, dim3(static_cast<unsigned>(lines.tiles())),
           lines.block(), shared_bytes<log2()>(lines), queue.stream());
  });
  merge_errors(queue, parts.data(), lines.tiles(), total);
}

template <class T>
void measure_long(const Queue& queue, const Scheme& scheme, DeviceMatrix<const T> x,
                  ErrorSums* total) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  const StreamArray<GroupParams> params(static_cast<std::size_t>(layout.count), queue.stream());
  fit_long(queue, scheme, layout, x, params.data());
  const StreamArray<ErrorSums> parts(kElementBlocks, queue.stream());
  const Elements elements = plan_elements(layout, x.rows, x.cols);
  launch(measure_elements_kernel<T>,
         MeasureElementsJob<T>{x, elements, scheme.grid, params.data(), parts.data()},
         dim3(kElementBlocks), kPreferredBlock, 0, queue.stream());
  merge_errors(queue, parts.data(), kElementBlocks, total);
}

template <class T>
ErrorSums measure_all(const Queue& queue, const RotationView& rotation, const Scheme& scheme,
                      DeviceMatrix<const T> x) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  if (layout.count == 0) return {};
  if (rotation.size != 0) check_rotated_columns(rotation, x.cols);
  const DeviceArray<ErrorSums> total(1);
  if (fits_line(layout, rotation)) {
    measure_lines(queue, rotation, scheme, x, total.data());
  } else {
    check_long_groups(layout, rotation);
    measure_long(queue, scheme, x, total.data());
  }
  ErrorSums result;
  total.copy_to(std::span<ErrorSums>(&result, 1), queue.stream());
  return result;
}

}  // namespace detail

// Sums over all values of x [rows, cols] of what fake_quantize does to them in float: one term of
// eq. (12). Waits for the result. The order of additions depends on the shape only, so the same
// bits come back from every run and device; roste::cpu adds in another order, and its sums differ
// by rounding: at most rows * cols * 2^-53 of them. Throws std::invalid_argument and CudaError; see
// also Queue::check_finite.
template <Number T>
ErrorSums measure(const Queue& queue, const Scheme& scheme, DeviceMatrix<const T> x) {
  return detail::measure_all<T>(queue, {}, scheme, x);
}

// The error of quantizing x R, eq. (19), in one read of x. Groups as for rotate_quantize.
template <Number T>
ErrorSums rotate_measure(const Queue& queue, const DeviceRotation& rotation, const Scheme& scheme,
                         DeviceMatrix<const T> x) {
  return detail::measure_all<T>(queue, rotation.view(Side::kPlain), scheme, x);
}

}  // namespace roste::cuda
