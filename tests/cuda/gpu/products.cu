#include "tests/cuda/gpu/products.h"

#include <span>

#include "roste/cpu/multiply.h"
#include "roste/cpu/product_weights.h"
#include "roste/cpu/quantize.h"
#include "roste/cuda/cublas_products.cuh"
#include "roste/cuda/multiply.cuh"
#include "roste/cuda/quantize.cuh"
#include "tests/cuda/gpu/parity.h"
#include "tests/support/random_values.h"

namespace roste::cuda::parity {
namespace {

// Codes and parameters on both sides; the CPU quantizes, so only the product is compared.
template <class Code>
struct Operand {
  Scheme scheme;
  Both<Code> codes;
  Both<GroupParams> params;

  Operand(const Scheme& given, std::uint64_t seed, std::int64_t rows, std::int64_t cols)
      : scheme(given), codes(rows, cols), params(1, rows) {
    std::vector<float> x = testing::gaussian(seed, rows * cols);
    cpu::quantize(scheme, cpu::MatrixView<const float>(x.data(), rows, cols), params.host_span(),
                  codes.on_host());
    codes.device = codes.host;
    params.device = params.host;
  }

  QuantizedMatrix<CodeBytes<Code>> on_device() {
    return {scheme, codes.rows, codes.cols, CodeBytes<Code>{codes.on_device()},
            params.device_span()};
  }
  cpu::Quantized<Code> on_host() { return {scheme, codes.on_host(), params.host_span()}; }
};

template <class X, class W>
Product product_of(const std::string& name, Operand<X>& x, Operand<W>& w) {
  const Queue queue;
  CublasProducts engine;
  const ProductWeights weights(queue, w.on_device(), x.scheme.grid);
  Both<float> y(x.codes.rows, w.codes.rows);
  multiply(queue, engine, x.on_device(), weights, {}, y.on_device());
  cpu::multiply(x.on_host(), cpu::ProductWeights(w.on_host()), std::span<const float>(),
                y.on_host());
  const bool eighths = weights.route() == ProductRoute::kFp8;
  return {name + (eighths ? " by FP8" : " by int8"), y.different()};
}

}  // namespace

std::vector<Product> products_of(Shape shape) {
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> a4;
  const Quantizer<QuantSpec<4, Symmetric, PerRow>> s4;
  const Quantizer<QuantSpec<8, Asymmetric, PerRow>> a8;
  Operand<std::uint8_t> x4(a4, 1, shape.tokens, shape.inputs),
      w4(a4, 2, shape.outputs, shape.inputs);
  Operand<std::uint8_t> x8(a8, 3, shape.tokens, shape.inputs);
  Operand<std::int8_t> w4_symmetric(s4, 4, shape.outputs, shape.inputs);
  const std::string size = std::to_string(shape.tokens) + " x " + std::to_string(shape.outputs) +
                           " x " + std::to_string(shape.inputs);
  return {product_of("W4A4 " + size, x4, w4), product_of("W4A8 " + size, x8, w4_symmetric),
          product_of("W4A4, symmetric weights, " + size, x4, w4_symmetric)};
}

}  // namespace roste::cuda::parity
