#include "reference_trainer/ops/rmsnorm.h"

#include <stdexcept>

#include "tests/ops/gradcheck.h"

namespace trainer::test {
namespace {

constexpr double kEps = 9.99999974737875163555e-06;  // 1e-5 in float32

Values twin(const Values& x, const Values& gain) {
  const std::size_t d = gain.size();
  Values y(x.size());
  for (std::size_t begin = 0; begin < x.size(); begin += d) {
    double square = 0;
    for (std::size_t c = 0; c < d; ++c) square += x[begin + c] * x[begin + c];
    const double inverse = 1 / std::sqrt(square / static_cast<double>(d) + kEps);
    for (std::size_t c = 0; c < d; ++c) y[begin + c] = x[begin + c] * inverse * gain[c];
  }
  return y;
}

TEST(RmsNorm, GoldenRow) {
  Cpu cpu(1);
  // mean square of (3, 4) is 12.5; sqrt(12.5) = 3.5355339059.
  Tensor<Cpu> y, inverse;
  rmsnorm_forward(cpu, tensor_of(cpu, 1, 2, {3, 4}), tensor_of(cpu, 1, 2, {1, 2}), 0.0f, y,
                  inverse);
  EXPECT_FLOAT_EQ(y.data()[0], 0.84852814f);
  EXPECT_FLOAT_EQ(y.data()[1], 2.2627417f);
  EXPECT_FLOAT_EQ(inverse.data()[0], 0.28284271f);
}

// A positive sum of d squares in float32 is off by at most d u, half of it after the root; four
// more roundings follow. |y| <= sqrt(d) |gain|.
TEST(RmsNorm, ForwardAgainstTheDoubleTwin) {
  Cpu cpu(2);
  for (const std::int64_t d : {1, 3, 64, 257}) {
    const Tensor<Cpu> x = random_tensor(cpu, 131, d, 1), gain = random_tensor(cpu, 1, d, 2);
    Tensor<Cpu> y, inverse;
    rmsnorm_forward(cpu, x, gain, 1e-5f, y, inverse);
    const auto size = static_cast<double>(d);
    expect_near(y, twin(doubles(x), doubles(gain)), (size / 2 + 4) * kUnit * std::sqrt(size));
    EXPECT_EQ(inverse.rows(), 1);
    EXPECT_EQ(inverse.cols(), 131);
  }
}

TEST(RmsNorm, ARowOfZerosStaysZero) {
  Cpu cpu(1);
  Tensor<Cpu> y, inverse;
  const Tensor<Cpu> gain = constant_tensor(cpu, 1, 5, 1);
  rmsnorm_forward(cpu, constant_tensor(cpu, 2, 5, 0), gain, 1e-5f, y, inverse);
  EXPECT_EQ(floats(y), std::vector<float>(10, 0.0f));
  EXPECT_NEAR(inverse.data()[0], 316.2278, 1e-3);  // 1 / sqrt(1e-5)
}

// Ten float32 operations and a sum of 7 terms, on values of at most 10: 20 u 10 is 1.2e-5.
TEST(RmsNorm, BackwardAgainstCentralDifferences) {
  Cpu cpu(2);
  const Tensor<Cpu> x = random_tensor(cpu, 5, 7, 1), gain = random_tensor(cpu, 1, 7, 2);
  const Tensor<Cpu> dy = random_tensor(cpu, 5, 7, 3);
  Tensor<Cpu> y, inverse, dx = constant_tensor(cpu, 5, 7, 0), dgain = constant_tensor(cpu, 1, 7, 0);
  rmsnorm_forward(cpu, x, gain, 1e-5f, y, inverse);
  rmsnorm_backward(cpu, {x, gain, inverse}, dy, dx, dgain);
  const Values xs = doubles(x), gains = doubles(gain), upstream = doubles(dy);
  const auto by_x = [&](const Values& v) { return dot(upstream, twin(v, gains)); };
  const auto by_gain = [&](const Values& v) { return dot(upstream, twin(xs, v)); };
  expect_near(dx, numeric_gradient(xs, by_x), 1.2e-5);
  expect_near(dgain, numeric_gradient(gains, by_gain), 1.2e-5);
}

TEST(RmsNorm, BackwardAddsOntoWhatWasThere) {
  Cpu cpu(1);
  const Tensor<Cpu> x = random_tensor(cpu, 3, 4, 1), gain = constant_tensor(cpu, 1, 4, 1);
  Tensor<Cpu> y, inverse, dx = constant_tensor(cpu, 3, 4, 8), dgain = constant_tensor(cpu, 1, 4, 9);
  rmsnorm_forward(cpu, x, gain, 1e-5f, y, inverse);
  rmsnorm_backward(cpu, {x, gain, inverse}, constant_tensor(cpu, 3, 4, 0), dx, dgain);
  EXPECT_EQ(floats(dx), std::vector<float>(12, 8.0f));
  EXPECT_EQ(floats(dgain), std::vector<float>(4, 9.0f));
}

TEST(RmsNorm, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([](Cpu& cpu) {
    const Tensor<Cpu> x = random_tensor(cpu, 400, 201, 1), gain = random_tensor(cpu, 1, 201, 2);
    Tensor<Cpu> y, inverse, dx = random_tensor(cpu, 400, 201, 3);
    Tensor<Cpu> dgain = constant_tensor(cpu, 1, 201, 0);
    rmsnorm_forward(cpu, x, gain, 1e-5f, y, inverse);
    rmsnorm_backward(cpu, {x, gain, inverse}, y, dx, dgain);
    std::vector<float> all = floats(dx);
    all.insert(all.end(), dgain.data(), dgain.data() + dgain.size());
    return all;
  });
}

TEST(RmsNorm, UnequalShapesAreRefused) {
  Cpu cpu(1);
  const Tensor<Cpu> x = constant_tensor(cpu, 2, 3, 1), gain = constant_tensor(cpu, 1, 2, 1);
  Tensor<Cpu> y, inverse;
  EXPECT_THROW(rmsnorm_forward(cpu, x, gain, 1e-5f, y, inverse), std::invalid_argument);
}

}  // namespace
}  // namespace trainer::test
