// The product of quantized activations and quantized weights on a device, eq. (5), through exact
// integer sums; the bits of roste::cpu::multiply.
#pragma once

#include <cuda_runtime.h>

#include <concepts>
#include <cstdint>
#include <span>
#include <vector>

#include "roste/core/quantizer.h"
#include "roste/cuda/body/multiply.h"
#include "roste/cuda/code_matrix.h"
#include "roste/cuda/product_plan.h"
#include "roste/cuda/quantize_all.cuh"

namespace roste::cuda {

// What makes the integer sums: CublasProducts, or another library behind the same two functions.
template <class T>
concept ProductEngine = requires(T engine, const Queue& queue,
                                 DeviceMatrix<const std::int8_t> bytes,
                                 DeviceMatrix<std::int32_t> sums, DeviceMatrix<const E4m3> eighths,
                                 DeviceMatrix<float> float_sums) {
  engine.sums(queue, bytes, bytes, sums);
  engine.sums(queue, eighths, eighths, float_sums);
};

// A quantized matrix in device memory.
template <CodeView Codes>
struct QuantizedMatrix {
  Scheme scheme;  // PerRow or PerTensor
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  Codes codes;
  std::span<const GroupParams> params;
};

namespace detail {

template <class Byte>
__global__ void __launch_bounds__(kPreferredBlock)
    centre_kernel(const __grid_constant__ CentreJob<Byte> job) {
  DeviceTeam team;
  centre_body(team, job);
}

template <class Job>
__global__ void __launch_bounds__(kPreferredBlock)
    weight_sums_kernel(const __grid_constant__ Job job) {
  DeviceTeam team;
  weight_sums_body(team, job);
}

template <class Job>
__global__ void __launch_bounds__(kPreferredBlock)
    largest_squares_kernel(const __grid_constant__ Job job) {
  DeviceTeam team;
  largest_squares_body(team, job);
}

template <class Sum, class T>
__global__ void __launch_bounds__(kPreferredBlock)
    scale_kernel(const __grid_constant__ ScaleJob<Sum, T> job) {
  DeviceTeam team;
  scale_body(team, job);
}

template <class Byte>
void fill_with_zeros(const Queue& queue, Byte* bytes, std::size_t count) {
  static_assert(sizeof(Byte) == 1);
  check(cudaMemsetAsync(bytes, 0, count, queue.stream()), "cudaMemsetAsync");
}

// Codes of `matrix` as operands of a product: to [rows, cols].
template <class Byte, CodeView Codes>
void centre_codes(const Queue& queue, const QuantizedMatrix<Codes>& matrix, DeviceMatrix<Byte> to) {
  const GroupLayout layout = group_layout(matrix.scheme.grouping, matrix.rows, matrix.cols);
  check_params(layout, matrix.params.size());
  const Grid& grid = matrix.scheme.grid;
  const CodeMatrix<const std::uint8_t> codes =
      read_only(matrix.codes.checked(grid, layout, matrix.rows, matrix.cols));
  launch_elements(queue, centre_kernel<Byte>,
                  CentreJob<Byte>{codes, plan_elements(layout, matrix.rows, matrix.cols), grid,
                                  matrix.params.data(), centre_of(grid), to});
}

}  // namespace detail

// Weights [outputs, inputs] ready for products: one byte each, and the sums that decide the route.
class ProductWeights {
 public:
  // Reads the codes, waits for the decision, and keeps no reference to them. activations: the grid
  // that products will be taken with. Throws std::invalid_argument for grids and groups that have
  // no integer product, where an int32 might not hold a sum (check_product_bound), and CudaError.
  template <CodeView Codes>
  ProductWeights(const Queue& queue, const QuantizedMatrix<Codes>& w, const Grid& activations)
      : outputs_(w.rows),
        inputs_(w.cols),
        offset_x_(largest_offset_of(activations)),
        layout_(group_layout(w.scheme.grouping, w.rows, w.cols)),
        params_(w.params.size()),
        integers_(padded_size()),
        row_sums_(static_cast<std::size_t>(w.rows)) {
    check_product_grouping("weights", layout_);
    check_weight_codes(w.scheme.grid);
    const std::int64_t offset_w = largest_offset_of(w.scheme.grid);
    check_product_bound(inputs_, offset_x_, offset_w);
    check(cudaMemcpyAsync(params_.data(), w.params.data(), w.params.size_bytes(),
                          cudaMemcpyDeviceToDevice, queue.stream()),
          "copying parameters");
    detail::fill_with_zeros(queue, integers_.data(), integers_.size());
    detail::centre_codes(queue, w, integers());
    route_ = product_route(inputs_, offset_x_, offset_w, sum_weights(queue));
    if (route_ == ProductRoute::kInt8) return;
    eighths_ = DeviceArray<E4m3>(padded_size());
    detail::fill_with_zeros(queue, eighths_.data(), eighths_.size());
    detail::centre_codes(queue, w, eighths());
  }

  std::int64_t outputs() const { return outputs_; }
  std::int64_t inputs() const { return inputs_; }
  ProductRoute route() const { return route_; }
  std::int64_t largest_activation() const { return offset_x_; }  // of |q - z|
  DeviceMatrix<std::int8_t> integers() const {
    return {integers_.data(), outputs_, inputs_, padded(inputs_)};
  }
  DeviceMatrix<E4m3> eighths() const {
    return {eighths_.data(), outputs_, inputs_, padded(inputs_)};
  }
  const std::int32_t* row_sums() const { return row_sums_.data(); }
  RowParams params() const { return row_params(layout_, params_.data()); }

 private:
  std::size_t padded_size() const {
    return static_cast<std::size_t>(padded(outputs_) * padded(inputs_));
  }

  // Row sums, and the largest sum of squares of each chunk of columns.
  std::vector<std::int32_t> sum_weights(const Queue& queue) const {
    const std::int32_t chunks =
        static_cast<std::int32_t>((inputs_ + kChunkColumns - 1) / kChunkColumns);
    std::vector<std::int32_t> result(static_cast<std::size_t>(chunks));
    if (outputs_ == 0 || chunks == 0) return result;
    const DeviceArray<std::int32_t> squares(static_cast<std::size_t>(outputs_ * chunks));
    const DeviceArray<std::int32_t> largest(result.size());
    const WeightSumsJob sums{integers(), row_sums_.data(), squares.data(), chunks};
    detail::launch(detail::weight_sums_kernel<WeightSumsJob>, sums,
                   dim3(static_cast<unsigned>(outputs_)), kWarp, 0, queue.stream());
    const LargestSquaresJob fold{squares.data(), outputs_, chunks, largest.data()};
    detail::launch(detail::largest_squares_kernel<LargestSquaresJob>, fold,
                   dim3(static_cast<unsigned>(chunks)), kPreferredBlock, 0, queue.stream());
    largest.copy_to(result, queue.stream());
    return result;
  }

  std::int64_t outputs_;
  std::int64_t inputs_;
  std::int64_t offset_x_;
  GroupLayout layout_;
  DeviceArray<GroupParams> params_;
  DeviceArray<std::int8_t> integers_;
  DeviceArray<std::int32_t> row_sums_;
  DeviceArray<E4m3> eighths_;
  ProductRoute route_ = ProductRoute::kInt8;
};

namespace detail {

template <class Byte, class Sum, ProductEngine Engine, CodeView Codes, Number T>
void multiply_by(const Queue& queue, Engine& engine, const QuantizedMatrix<Codes>& x,
                 const ScaleJob<Sum, T>& unscaled, DeviceMatrix<const Byte> w) {
  const std::int64_t inputs = padded(x.cols), outputs = padded(w.rows);
  const StreamArray<Byte> centred(static_cast<std::size_t>(x.rows * inputs), queue.stream());
  const StreamArray<Sum> sums(static_cast<std::size_t>(x.rows * outputs), queue.stream());
  if (inputs != x.cols) {
    fill_with_zeros(queue, centred.data(), static_cast<std::size_t>(x.rows * inputs));
  }
  centre_codes(queue, x, DeviceMatrix<Byte>(centred.data(), x.rows, x.cols, inputs));
  const DeviceMatrix<Sum> result(sums.data(), x.rows, outputs);
  engine.sums(queue, DeviceMatrix<const Byte>(centred.data(), x.rows, inputs),
              DeviceMatrix<const Byte>(w.data, outputs, inputs), result);
  ScaleJob<Sum, T> job = unscaled;
  job.sums = result;
  const std::int64_t blocks = (w.rows + kPreferredBlock - 1) / kPreferredBlock * x.rows;
  launch(scale_kernel<Sum, T>, job, dim3(static_cast<unsigned>(blocks)), kPreferredBlock, 0,
         queue.stream());
}

}  // namespace detail

// y := x w^T + bias, eq. (5): x [tokens, inputs], bias [outputs] in device memory or empty,
// y [tokens, outputs], rounded once to T. x has a grid no wider than w was prepared for. Throws
// std::invalid_argument for shapes and groups that do not fit, CudaError, and what the engine
// throws.
template <ProductEngine Engine, CodeView Codes, Number T>
void multiply(const Queue& queue, Engine& engine, const QuantizedMatrix<Codes>& x,
              const ProductWeights& w, std::span<const float> bias, DeviceMatrix<T> y) {
  const GroupLayout layout = group_layout(x.scheme.grouping, x.rows, x.cols);
  check_product_grouping("activations", layout);
  check_multiplied_shapes(x.cols, w.outputs(), w.inputs(), bias.size());
  detail::check_same_shape("a product", y, DeviceMatrix<T>(nullptr, x.rows, w.outputs()));
  check_activation_codes(x.scheme.grid, w.largest_activation());
  if (layout.count == 0 || w.outputs() == 0) return;
  const RowParams x_params = row_params(layout, x.params.data());
  const Centre centre = centre_of(x.scheme.grid);
  if (w.route() == ProductRoute::kInt8) {
    const ScaleJob<std::int32_t, T> job{{},           x_params,    w.params(), centre,
                                        w.row_sums(), bias.data(), y};
    return detail::multiply_by<std::int8_t>(queue, engine, x, job, w.integers());
  }
  const ScaleJob<float, T> job{{}, x_params, w.params(), centre, w.row_sums(), bias.data(), y};
  detail::multiply_by<E4m3>(queue, engine, x, job, w.eighths());
}

}  // namespace roste::cuda
