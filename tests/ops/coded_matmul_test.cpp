#include "reference_trainer/ops/coded_matmul.h"

#include <gtest/gtest.h>

#include <limits>

#include "reference_trainer/ops/matmul.h"
#include "roste/cpu/quantize.h"
#include "tests/ops/tensors.h"

namespace trainer {
namespace {

using test::random_tensor;

struct Shape {
  std::int64_t tokens, outputs, inputs;
};

// Both ways of sharing the work, and borders inside of a panel of 32 outputs.
const Shape kShapes[] = {{1, 33, 20}, {7, 300, 64}, {32, 40, 100}, {33, 64, 28}, {400, 70, 96}};

QuantizerSettings settings_of(int bits, Symmetry symmetry) {
  return {bits, symmetry, Range::kZeroIncluded, 0.95f};
}

struct Operands {
  Tensor<Cpu> x, w, bias;
  CodedRows<Cpu> x_codes;
  CodedWeight<Cpu> w_codes;

  Operands(Cpu& cpu, const Shape& s, const QuantizerSettings& activation,
           const QuantizerSettings& weight)
      : x(random_tensor(cpu, s.tokens, s.inputs, 1)),
        w(random_tensor(cpu, s.outputs, s.inputs, 2)),
        bias(random_tensor(cpu, 1, s.outputs, 3)) {
    quantize_rows(cpu, activation, x, x_codes);
    quantize_weight(cpu, weight, w, w_codes);
  }
};

// x and w become what their codes stand for.
TEST(CodedMatmul, ValuesAreThoseOfFakeQuantize) {
  Cpu cpu(2);
  for (const Symmetry symmetry : {Symmetry::kAsymmetric, Symmetry::kSymmetric}) {
    const QuantizerSettings four = settings_of(4, symmetry);
    const Operands o(cpu, {400, 70, 96}, four, four);
    Tensor<Cpu> x = random_tensor(cpu, 400, 96, 1), w = random_tensor(cpu, 70, 96, 2);
    fake_quantize(cpu, four, 96, x);
    fake_quantize(cpu, four, 96, w);
    EXPECT_EQ(test::floats(o.x), test::floats(x));
    EXPECT_EQ(test::floats(o.w), test::floats(w));
    for (std::int64_t i = 0; i < o.x.size(); ++i) {
      const std::uint8_t byte = o.x_codes.codes.data()[i];
      const int code = symmetry == Symmetry::kSymmetric ? static_cast<std::int8_t>(byte) : byte;
      ASSERT_EQ(roste::decode(code, o.x_codes.params.data()[i / 96]), x.data()[i]) << i;
    }
  }
}

// The sum is exact, so only the roundings of the scales and of the bias are left: y = fma(fl(a
// s_x), s_w, b), at most three roundings of 2^-24 of |a s_x s_w| and of the result, and one that
// the factors s_x and s_w (rounded in the values x, w of the reference: two more per product)
// carry.
TEST(CodedMatmul, IsTheProductOfTheValues) {
  Cpu cpu(3);
  for (const Shape& s : kShapes) {
    for (const auto& [a, w] : {std::pair{4, 4}, {8, 4}, {8, 8}, {2, 3}}) {
      for (const Symmetry symmetry : {Symmetry::kAsymmetric, Symmetry::kSymmetric}) {
        const Operands o(cpu, s, settings_of(a, symmetry), settings_of(w, symmetry));
        Tensor<Cpu> y;
        coded_matmul_nt(cpu, o.x_codes, o.w_codes, o.bias, y);
        ASSERT_EQ(y.rows(), s.tokens);
        ASSERT_EQ(y.cols(), s.outputs);
        for (std::int64_t m = 0; m < s.tokens; ++m) {
          for (std::int64_t n = 0; n < s.outputs; ++n) {
            double sum = o.bias.data()[n], size = std::fabs(sum);
            for (std::int64_t k = 0; k < s.inputs; ++k) {
              const double product =
                  static_cast<double>(o.x.data()[m * s.inputs + k]) * o.w.data()[n * s.inputs + k];
              sum += product;
              size += std::fabs(product);
            }
            ASSERT_NEAR(y.data()[m * s.outputs + n], sum, 6 * test::kUnit * size)
                << s.tokens << " " << s.outputs << " " << s.inputs << " W" << w << "A" << a;
          }
        }
      }
    }
  }
}

TEST(CodedMatmul, CD01_ThreadsDoNotChangeBits) {
  for (const Shape& s : kShapes) {
    std::vector<std::vector<float>> results;
    for (const int threads : {1, 2, 3}) {
      Cpu cpu(threads);
      const QuantizerSettings four = settings_of(4, Symmetry::kAsymmetric);
      const Operands o(cpu, s, four, four);
      Tensor<Cpu> y;
      coded_matmul_nt(cpu, o.x_codes, o.w_codes, o.bias, y);
      results.push_back(test::floats(y));
    }
    EXPECT_EQ(results[0], results[1]);
    EXPECT_EQ(results[0], results[2]);
  }
}

TEST(CodedMatmul, WithoutABias) {
  Cpu cpu(1);
  const QuantizerSettings four = settings_of(4, Symmetry::kAsymmetric);
  for (const std::int64_t tokens : {3, 50}) {
    const Operands o(cpu, {tokens, 40, 16}, four, four);
    Tensor<Cpu> y, zeros(cpu, 1, 40), with_zeros;
    fill_zero(cpu, zeros);
    coded_matmul_nt(cpu, o.x_codes, o.w_codes, Tensor<Cpu>(), y);
    coded_matmul_nt(cpu, o.x_codes, o.w_codes, zeros, with_zeros);
    EXPECT_EQ(test::floats(y), test::floats(with_zeros));
  }
}

TEST(CodedMatmul, NonFiniteValuesAreNamedByTheirRow) {
  Cpu cpu(2);
  Tensor<Cpu> x = random_tensor(cpu, 600, 64, 1);
  x.data()[555 * 64 + 7] = std::numeric_limits<float>::quiet_NaN();
  CodedRows<Cpu> codes;
  try {
    quantize_rows(cpu, settings_of(4, Symmetry::kAsymmetric), x, codes);
    FAIL();
  } catch (const roste::NonFiniteError& error) {
    EXPECT_EQ(error.row(), 555);
    EXPECT_EQ(error.col(), 7);
  }
}

TEST(CodedMatmul, RefusesShapesThatDoNotFit) {
  Cpu cpu(1);
  const QuantizerSettings four = settings_of(4, Symmetry::kAsymmetric);
  const Operands a(cpu, {4, 8, 16}, four, four), b(cpu, {4, 8, 20}, four, four);
  Tensor<Cpu> y;
  EXPECT_THROW(coded_matmul_nt(cpu, a.x_codes, b.w_codes, a.bias, y), std::invalid_argument);
}

// Ranges whose zero points may lie far outside of the codes are multiplied as floats.
TEST(CodedMatmul, IsForRangesThatContainZero) {
  const QuantizerSettings four = settings_of(4, Symmetry::kAsymmetric);
  EXPECT_TRUE(multiplies_codes(four, four));
  EXPECT_TRUE(multiplies_codes(settings_of(8, Symmetry::kSymmetric), four));
  EXPECT_FALSE(multiplies_codes(QuantizerSettings{16}, four));
  EXPECT_FALSE(multiplies_codes(four, QuantizerSettings{16}));
  QuantizerSettings tight = four;
  tight.range = Range::kTight;
  EXPECT_FALSE(multiplies_codes(tight, four));
  EXPECT_FALSE(multiplies_codes(four, tight));
}

}  // namespace
}  // namespace trainer
