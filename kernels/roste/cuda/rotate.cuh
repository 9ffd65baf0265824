// Carries out a Rotation on matrices on a device; the same bits as roste::cpu (NaN aside).
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "roste/cuda/body/rotate.h"
#include "roste/cuda/device_rotation.cuh"
#include "roste/cuda/launch.cuh"
#include "roste/cuda/plan.h"
#include "roste/cuda/queue.cuh"

namespace roste::cuda {

namespace detail {

template <int kLog2Values, class T>
__global__ void __launch_bounds__(kLargestBlock)
    rotate_kernel(const __grid_constant__ RotateJob<T> job) {
  DeviceTeam team;
  rotate_body<kLog2Values>(team, job);
}

template <Number T>
void rotate_all(const Queue& queue, const RotationView& rotation, DeviceMatrix<const T> x,
                DeviceMatrix<T> y) {
  check_same_shape("rotating", x, y);
  check_rotated_columns(rotation, x.cols);
  with_values(log2_values(rotation, rotation_block(rotation)), [&](auto log2) {
    RotateJob<T> job{x, y, plan_lines(x.rows, x.cols, rotation_block(rotation), 1 << log2()),
                     rotation};
    if (job.lines.count == 0) return;
    launch(rotate_kernel<log2(), T>, job, dim3(static_cast<unsigned>(job.lines.tiles())),
           job.lines.block(), shared_bytes<log2()>(job.lines), queue.stream());
  });
}

}  // namespace detail

// y := every run of rotation.size() values of every row of x becomes (run o r) H^T / sqrt(d), the
// row times the R_i of eq. (5), rounded once to T. x, y [rows, a multiple of d], d <= 32768; y may
// be x, but must not overlap it otherwise. Returns before the work is done; what a stream runs
// later sees it. Throws std::invalid_argument for other shapes and CudaError.
template <Number T>
void rotate_rows(const Queue& queue, const DeviceRotation& rotation, DeviceMatrix<const T> x,
                 DeviceMatrix<T> y) {
  detail::rotate_all(queue, rotation.view(Side::kPlain), x, y);
}

// The inverse and the gradient of rotate_rows: every run v becomes (v H / sqrt(d)) o r.
template <Number T>
void rotate_rows_transposed(const Queue& queue, const DeviceRotation& rotation,
                            DeviceMatrix<const T> x, DeviceMatrix<T> y) {
  detail::rotate_all(queue, rotation.view(Side::kTransposed), x, y);
}

}  // namespace roste::cuda
