#include "reference_trainer/ops/gelu.h"

#include <bit>
#include <limits>
#include <numbers>
#include <stdexcept>

#include "tests/ops/gradcheck.h"

namespace trainer::test {
namespace {

// By erfc, so that the left tail keeps its digits.
double gelu(double x) { return x * 0.5 * std::erfc(-x / std::numbers::sqrt2); }

Values twin(const Values& x) {
  Values y;
  for (const double v : x) y.push_back(gelu(v));
  return y;
}

TEST(Gelu, GoldenValues) {
  Cpu cpu(1);
  Tensor<Cpu> y;
  // Phi(1) = 0.8413447461, Phi(-1) = 0.1586552539, Phi(-3) = 0.0013498980.
  gelu_forward(cpu, tensor_of(cpu, 1, 4, {0, 1, -1, -3}), y);
  EXPECT_EQ(y.data()[0], 0.0f);
  EXPECT_FLOAT_EQ(y.data()[1], 0.84134475f);
  EXPECT_FLOAT_EQ(y.data()[2], -0.15865525f);
  EXPECT_FLOAT_EQ(y.data()[3], -0.0040496940f);
}

// The bound of the contract, on every 64th float from 2^-20 to 16 of both signs, in one tensor.
TEST(Gelu, ErrorsStayBelowTheStatedBound) {
  Cpu cpu(2);
  std::vector<float> x;
  for (std::uint32_t bits = std::bit_cast<std::uint32_t>(0x1p-20f);
       bits <= std::bit_cast<std::uint32_t>(16.0f); bits += 64) {
    x.push_back(std::bit_cast<float>(bits));
    x.push_back(-x.back());
  }
  const auto size = static_cast<std::int64_t>(x.size());
  Tensor<Cpu> y;
  gelu_forward(cpu, tensor_of(cpu, 1, size, x), y);
  for (std::int64_t i = 0; i < size; ++i) {
    const auto at = static_cast<double>(x[static_cast<std::size_t>(i)]);
    const double bound = (10 + at * at) * kUnit * std::abs(gelu(at)) + 0x1p-120;
    ASSERT_NEAR(static_cast<double>(y.data()[i]), gelu(at), bound) << at;
  }
}

TEST(Gelu, LargeValuesSaturateAndANanStaysVisible) {
  Cpu cpu(1);
  for (const int copies : {1, 40}) {  // the scalar and the vector exponential
    Tensor<Cpu> x = constant_tensor(cpu, 2, copies, 200), y;
    std::fill_n(x.data() + copies, copies, -200.0f);
    gelu_forward(cpu, x, y);
    EXPECT_EQ(y.data()[copies - 1], 200.0f);
    EXPECT_NEAR(y.data()[copies], 0.0, 1e-30);
    x.data()[copies - 1] = std::numeric_limits<float>::quiet_NaN();
    gelu_forward(cpu, x, y);
    EXPECT_TRUE(std::isnan(y.data()[copies - 1]));
  }
}

// Phi + x phi is below 1.13; twelve roundings and the bell's error, x^2 / 2 roundings at 4.
TEST(Gelu, BackwardAgainstCentralDifferences) {
  Cpu cpu(2);
  Tensor<Cpu> x = random_tensor(cpu, 3, 197, 1);  // more than two blocks
  const Tensor<Cpu> dy = random_tensor(cpu, 3, 197, 2);
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] *= 4;
  const Values xs = doubles(x), upstream = doubles(dy);
  gelu_backward(cpu, dy, x);
  const auto loss = [&](const Values& v) { return dot(upstream, twin(v)); };
  expect_near(x, numeric_gradient(xs, loss), 20 * kUnit + 1e-8);
}

TEST(Gelu, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([](Cpu& cpu) {
    Tensor<Cpu> x = random_tensor(cpu, 300, 201, 1), y;
    gelu_forward(cpu, x, y);
    gelu_backward(cpu, y, x);
    std::vector<float> all = floats(x);
    all.insert(all.end(), y.data(), y.data() + y.size());
    return all;
  });
}

TEST(Gelu, UnequalShapesAreRefused) {
  Cpu cpu(1);
  Tensor<Cpu> a = constant_tensor(cpu, 2, 3, 0), b = constant_tensor(cpu, 3, 2, 0);
  EXPECT_THROW(gelu_backward(cpu, a, b), std::invalid_argument);
}

}  // namespace
}  // namespace trainer::test
