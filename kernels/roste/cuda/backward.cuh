// Gradients through fake quantization and rotation on a device.
#pragma once

#include <cuda_runtime.h>

#include <concepts>
#include <cstdint>
#include <span>

#include "roste/core/ste.h"
#include "roste/cuda/body/backward.h"
#include "roste/cuda/code_matrix.h"
#include "roste/cuda/device_rotation.cuh"
#include "roste/cuda/plan.h"
#include "roste/cuda/quantize_all.cuh"

namespace roste::cuda {

// What the forward pass quantized, for the rules that look at it: x [rows, cols], the quantizer's
// input, and the parameters that fake_quantize left. StraightThrough reads neither.
template <class T>
struct QuantizerInput {
  DeviceMatrix<const T> x;
  std::span<const GroupParams> params;
};

namespace detail {

template <SteRule Rule, class T>
__global__ void __launch_bounds__(kPreferredBlock)
    ste_kernel(const __grid_constant__ SteJob<T> job) {
  DeviceTeam team;
  ste_body<Rule>(team, job);
}

template <SteRule Rule, int kLog2Values, class T>
__global__ void __launch_bounds__(kLargestBlock)
    rotated_ste_kernel(const __grid_constant__ RotatedSteJob<T> job) {
  DeviceTeam team;
  rotated_ste_body<Rule, kLog2Values>(team, job);
}

template <SteRule Rule, class T>
SteJob<T> ste_job(const Scheme& scheme, const QuantizerInput<T>& forward, DeviceMatrix<const T> dy,
                  DeviceMatrix<T> dx) {
  check_same_shape("the gradient", dy, dx);
  const GroupLayout layout = group_layout(scheme.grouping, dy.rows, dy.cols);
  if (!std::same_as<Rule, StraightThrough>) {
    check_same_shape("the gradient", dy, forward.x);
    check_params(layout, forward.params.size());
  }
  return {forward.x,
          dy,
          layout.count == 0 ? Elements{} : plan_elements(layout, dy.rows, dy.cols),
          scheme.grid,
          forward.params.data(),
          dx};
}

}  // namespace detail

// dx := dL/dx from dy = dL/dQ(x), with the straight-through rule of the template argument, eq. (6).
// dy, dx [rows, cols]; dx may be dy. Throws std::invalid_argument for shapes that differ, and
// CudaError.
template <SteRule Rule = StraightThrough, Number T>
void fake_quantize_backward(const Queue& queue, const Scheme& scheme,
                            const QuantizerInput<T>& forward, DeviceMatrix<const T> dy,
                            DeviceMatrix<T> dx) {
  const SteJob<T> job = detail::ste_job<Rule>(scheme, forward, dy, dx);
  detail::launch_elements(queue, detail::ste_kernel<Rule, T>, job);
}

// dx := (dy masked by the rule) R^T: the gradient through rotate_fake_quantize, eq. (15), in one
// pass. forward.x is the rotated input of the quantizer. Aliases and errors as above.
template <SteRule Rule = StraightThrough, Number T>
void rotated_fake_quantize_backward(const Queue& queue, const DeviceRotation& rotation,
                                    const Scheme& scheme, const QuantizerInput<T>& forward,
                                    DeviceMatrix<const T> dy, DeviceMatrix<T> dx) {
  const RotationView view = rotation.view(Side::kTransposed);
  check_rotated_columns(view, dy.cols);
  const std::int64_t length = rotation_block(view);
  with_values(log2_values(view, length), [&](auto log2) {
    const RotatedSteJob<T> job{detail::ste_job<Rule>(scheme, forward, dy, dx),
                               plan_lines(dy.rows, dy.cols, length, 1 << log2()), view};
    if (job.lines.count == 0) return;
    detail::launch(detail::rotated_ste_kernel<Rule, log2(), T>, job,
                   dim3(static_cast<unsigned>(job.lines.tiles())), job.lines.block(),
                   detail::shared_bytes<log2()>(job.lines), queue.stream());
  });
}

}  // namespace roste::cuda
