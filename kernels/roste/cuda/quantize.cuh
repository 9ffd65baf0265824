// Quantizes matrices on a device: fit, quantize, encode, dequantize, fake_quantize, and the same
// behind a rotation. Codes and parameters are those of roste::cpu, bit for bit.
//
// Everywhere a Scheme is asked for, a Quantizer<QuantSpec<...>> will do. Params are one per group,
// in row-major order of the groups (core/groups.h), in memory of the device, as are all matrices.
// Verbs return before their work is done. They throw std::invalid_argument for shapes and code
// types that do not fit, and CudaError; Queue::check_finite reports NaN and infinity.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <span>

#include "roste/core/packing.h"
#include "roste/cuda/code_matrix.h"
#include "roste/cuda/device_rotation.cuh"
#include "roste/cuda/quantize_all.cuh"

namespace roste::cuda {

namespace detail {

template <class T>
__global__ void __launch_bounds__(kPreferredBlock)
    dequantize_kernel(const __grid_constant__ DequantizeJob<T> job) {
  DeviceTeam team;
  dequantize_body(team, job);
}

}  // namespace detail

// Scale and zero point of every group of x, eqs. (2) and (4).
template <Number T>
void fit(const Queue& queue, const Scheme& scheme, DeviceMatrix<const T> x,
         std::span<GroupParams> params) {
  check_params(group_layout(scheme.grouping, x.rows, x.cols), params.size());
  detail::quantize_all<T>(queue, {}, scheme, x, {params.data(), {}, {}});
}

// Parameters and codes of x [rows, cols], eq. (1), in one read of x where a group has at most 32768
// values. codes: CodeBytes or CodeNibbles of [rows, cols].
template <Number T, CodeView Codes>
void quantize(const Queue& queue, const Scheme& scheme, DeviceMatrix<const T> x,
              std::span<GroupParams> params, Codes codes) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  check_params(layout, params.size());
  detail::quantize_all<T>(queue, {}, scheme, x,
                          {params.data(), codes.checked(scheme.grid, layout, x.rows, x.cols), {}});
}

// Parameters and codes of x R, eqs. (1), (19): rotate_rows and quantize in one read of x. Groups
// consist of whole blocks of the rotation, or divide them; a row or group has at most 32768 values.
template <Number T, CodeView Codes>
void rotate_quantize(const Queue& queue, const DeviceRotation& rotation, const Scheme& scheme,
                     DeviceMatrix<const T> x, std::span<GroupParams> params, Codes codes) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  check_params(layout, params.size());
  detail::quantize_all<T>(queue, rotation.view(Side::kPlain), scheme, x,
                          {params.data(), codes.checked(scheme.grid, layout, x.rows, x.cols), {}});
}

// Codes of x under given params, the inner part of eq. (1). x must be finite.
template <Number T, CodeView Codes>
void encode(const Queue& queue, const Scheme& scheme, DeviceMatrix<const T> x,
            std::span<const GroupParams> params, Codes codes) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  check_params(layout, params.size());
  const CodeMatrix<std::uint8_t> matrix = codes.checked(scheme.grid, layout, x.rows, x.cols);
  detail::launch_elements(
      queue, detail::encode_kernel<T>,
      EncodeJob<T>{
          x, plan_elements(layout, x.rows, x.cols), scheme.grid, params.data(), matrix, {}});
}

// The values of codes, the outer part of eq. (1): x [rows, cols], rounded once to T.
template <Number T, CodeView Codes>
void dequantize(const Queue& queue, const Scheme& scheme, Codes codes,
                std::span<const GroupParams> params, DeviceMatrix<T> x) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  check_params(layout, params.size());
  const CodeMatrix<const std::uint8_t> matrix =
      read_only(codes.checked(scheme.grid, layout, x.rows, x.cols));
  detail::launch_elements(queue, detail::dequantize_kernel<T>,
                          DequantizeJob<T>{matrix, plan_elements(layout, x.rows, x.cols),
                                           scheme.grid, params.data(), x});
}

// y := Q(x), eq. (1): the numbers of quantize and dequantize, rounded once to T. params may be
// empty; else they receive the groups'. y [rows, cols] may be x, but must not overlap it otherwise.
template <Number T>
void fake_quantize(const Queue& queue, const Scheme& scheme, DeviceMatrix<const T> x,
                   DeviceMatrix<T> y, std::span<GroupParams> params = {}) {
  detail::check_same_shape("quantizing", x, y);
  if (!params.empty()) check_params(group_layout(scheme.grouping, x.rows, x.cols), params.size());
  detail::quantize_all<T>(queue, {}, scheme, x, {params.data(), {}, y});
}

// y := Q(x R): rotate_rows and fake_quantize in one read of x. Groups as for rotate_quantize.
template <Number T>
void rotate_fake_quantize(const Queue& queue, const DeviceRotation& rotation, const Scheme& scheme,
                          DeviceMatrix<const T> x, DeviceMatrix<T> y,
                          std::span<GroupParams> params = {}) {
  detail::check_same_shape("quantizing", x, y);
  if (!params.empty()) check_params(group_layout(scheme.grouping, x.rows, x.cols), params.size());
  detail::quantize_all<T>(queue, rotation.view(Side::kPlain), scheme, x, {params.data(), {}, y});
}

}  // namespace roste::cuda
