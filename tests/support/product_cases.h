// Operands of integer products and the product by its definition, for tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "roste/cpu/multiply.h"

namespace roste::testing {

// A quantized matrix that owns its codes.
struct Operand {
  Scheme scheme;
  std::int64_t rows = 0, cols = 0;
  std::vector<std::int16_t> codes;
  std::vector<GroupParams> params;

  const GroupParams& params_of(std::int64_t row, std::int64_t col) const {
    const GroupLayout layout = group_layout(scheme.grouping, rows, cols);
    if (scheme.grouping.kind == Grouping::Kind::kTensor) return params[0];
    return params[static_cast<std::size_t>(row * layout.groups_per_row + col / layout.run)];
  }
  std::int64_t code(std::int64_t row, std::int64_t col) const {
    return codes[static_cast<std::size_t>(row * cols + col)];
  }
  cpu::Quantized<std::int16_t> view() const { return {scheme, {codes.data(), rows, cols}, params}; }
};

// The codes in another type. The operand must outlive the view.
template <class Code>
struct CodesAs {
  const Operand& operand;
  std::vector<Code> codes;
  explicit CodesAs(const Operand& o) : operand(o), codes(o.codes.begin(), o.codes.end()) {}
  cpu::Quantized<Code> view() const {
    return {operand.scheme, {codes.data(), operand.rows, operand.cols}, operand.params};
  }
};

enum class Zeros { kSame, kPerGroup };  // asymmetric zero points: one for all, or random codes

// Random codes with scales 2^-3 ... 2^2 times something in [1, 2).
inline Operand random_operand(const Scheme& scheme, std::int64_t rows, std::int64_t cols,
                              std::uint64_t seed, Zeros zeros = Zeros::kPerGroup) {
  std::mt19937_64 engine(seed);
  const CodeRange range = scheme.grid.codes;
  std::uniform_int_distribution<int> code(range.min, range.max), exponent(-3, 2);
  std::uniform_real_distribution<float> mantissa(1.0f, 2.0f);
  Operand operand{scheme, rows, cols, {}, {}};
  for (std::int64_t i = 0; i < rows * cols; ++i) {
    operand.codes.push_back(static_cast<std::int16_t>(code(engine)));
  }
  const bool symmetric = scheme.grid.rule == RangeRule::kSymmetric;
  const std::int32_t shared_zero = code(engine);
  for (std::int64_t g = 0; g < group_layout(scheme.grouping, rows, cols).count; ++g) {
    const std::int32_t zero = zeros == Zeros::kSame ? shared_zero : code(engine);
    operand.params.push_back(
        {std::ldexp(mantissa(engine), exponent(engine)), symmetric ? 0 : zero});
  }
  return operand;
}

// sum (q_x - z_x)(q_w - z_w) over the columns [first, last).
inline std::int64_t exact_sum(const Operand& x, std::int64_t m, const Operand& w, std::int64_t n,
                              std::int64_t first, std::int64_t last) {
  const std::int64_t z_x = x.params_of(m, first).zero, z_w = w.params_of(n, first).zero;
  std::int64_t sum = 0;
  for (std::int64_t k = first; k < last; ++k) sum += (x.code(m, k) - z_x) * (w.code(n, k) - z_w);
  return sum;
}

// One value of the product by the definition: y = b, then y = fma(float(a) s_x, s_w, y).
inline float expected_value(const Operand& x, std::int64_t m, const Operand& w, std::int64_t n,
                            float bias) {
  float y = bias;
  const std::int64_t size = group_layout(w.scheme.grouping, 1, w.cols).run;
  for (std::int64_t first = 0; first < w.cols; first += size) {
    const std::int64_t last = std::min(first + size, w.cols);
    const float a = static_cast<float>(exact_sum(x, m, w, n, first, last));
    y = std::fma(a * x.params_of(m, first).scale, w.params_of(n, first).scale, y);
  }
  return y;
}

inline std::vector<float> expected_product(const Operand& x, const Operand& w,
                                           const std::vector<float>& bias) {
  std::vector<float> y;
  for (std::int64_t m = 0; m < x.rows; ++m) {
    for (std::int64_t n = 0; n < w.rows; ++n) {
      y.push_back(
          expected_value(x, m, w, n, bias.empty() ? 0.0f : bias[static_cast<std::size_t>(n)]));
    }
  }
  return y;
}

inline std::vector<cpu::Isa> supported_isas() {
  std::vector<cpu::Isa> isas;
  for (const cpu::Isa isa : cpu::kAllIsas) {
    if (cpu::isa_supported(isa)) isas.push_back(isa);
  }
  return isas;
}

// The product as the library computes it, by both methods, which must agree.
template <class Activations>
std::vector<float> product_of(const Activations& x, std::int64_t rows, const cpu::WeightPanels& w,
                              const std::vector<float>& bias, cpu::Isa isa) {
  std::vector<float> y(static_cast<std::size_t>(rows * w.outputs), -7.0f), paired = y;
  cpu::ProductWorkspace workspace;
  workspace.method = cpu::ProductMethod::kPlain;
  cpu::multiply(x, w, std::span<const float>(bias),
                cpu::MatrixView<float>(y.data(), rows, w.outputs), workspace, isa);
  workspace.method = cpu::ProductMethod::kPaired;
  cpu::multiply(x, w, std::span<const float>(bias),
                cpu::MatrixView<float>(paired.data(), rows, w.outputs), workspace, isa);
  EXPECT_EQ(paired, y) << "paired, " << cpu::isa_name(isa);
  return y;
}

// The product of operands whose codes lie in bytes, as kernels of their own read them.
template <class XCode, class WCode>
std::vector<float> product_of_bytes(const Operand& x, const Operand& w,
                                    const std::vector<float>& bias, cpu::Isa isa) {
  const CodesAs<XCode> x_bytes(x);
  const CodesAs<WCode> w_bytes(w);
  return product_of(x_bytes.view(), x.rows, cpu::ProductWeights(w_bytes.view(), isa), bias, isa);
}

inline std::vector<float> product_of_bytes(const Operand& x, const Operand& w,
                                           const std::vector<float>& bias, cpu::Isa isa) {
  const bool x_signed = x.scheme.grid.codes.min < 0, w_signed = w.scheme.grid.codes.min < 0;
  using S = std::int8_t;
  using U = std::uint8_t;
  if (x_signed && w_signed) return product_of_bytes<S, S>(x, w, bias, isa);
  if (x_signed) return product_of_bytes<S, U>(x, w, bias, isa);
  if (w_signed) return product_of_bytes<U, S>(x, w, bias, isa);
  return product_of_bytes<U, U>(x, w, bias, isa);
}

// Every instruction set gives the bits of the definition, from codes of 16 bits and from bytes.
inline void expect_product(const Operand& x, const Operand& w, const std::vector<float>& bias,
                           const std::string& label) {
  const std::vector<float> expected = expected_product(x, w, bias);
  for (const cpu::Isa isa : supported_isas()) {
    const cpu::ProductWeights weights(w.view(), isa);
    const std::string what = std::string(cpu::isa_name(isa)) + ", " + std::to_string(x.rows) +
                             " x " + std::to_string(w.rows) + " x " + std::to_string(w.cols) +
                             ", " + label;
    EXPECT_EQ(product_of(x.view(), x.rows, weights, bias, isa), expected) << what;
    EXPECT_EQ(product_of_bytes(x, w, bias, isa), expected) << what << ", bytes";
  }
}

}  // namespace roste::testing
