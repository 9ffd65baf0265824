#include "reference_trainer/ops/layernorm.h"

#include <stdexcept>

#include "tests/ops/gradcheck.h"

namespace trainer::test {
namespace {

constexpr double kEps = 9.99999974737875163555e-06;  // 1e-5 in float32

Values twin(const Values& x, const Values& gain, const Values& bias) {
  const std::size_t d = gain.size();
  const auto size = static_cast<double>(d);
  Values y(x.size());
  for (std::size_t begin = 0; begin < x.size(); begin += d) {
    double mean = 0, square = 0;
    for (std::size_t c = 0; c < d; ++c) mean += x[begin + c] / size;
    for (std::size_t c = 0; c < d; ++c) square += (x[begin + c] - mean) * (x[begin + c] - mean);
    const double inverse = 1 / std::sqrt(square / size + kEps);
    for (std::size_t c = 0; c < d; ++c)
      y[begin + c] = (x[begin + c] - mean) * inverse * gain[c] + bias[c];
  }
  return y;
}

TEST(LayerNorm, GoldenRow) {
  Cpu cpu(1);
  // Mean 5, variance ((-2)^2 + 2^2) / 2 = 4.
  const Tensor<Cpu> gain = tensor_of(cpu, 1, 2, {1, 3}), bias = tensor_of(cpu, 1, 2, {10, 20});
  Tensor<Cpu> y, statistics;
  layernorm_forward(cpu, tensor_of(cpu, 1, 2, {3, 7}), {gain, bias}, 0.0f, y, statistics);
  EXPECT_EQ(floats(y), (std::vector<float>{9, 23}));
  EXPECT_EQ(floats(statistics), (std::vector<float>{5, 0.5f}));
}

// A mean of d terms below 1 is off by at most d u; so are all centred values, whose root mean
// square is about 0.5 here, and their squares' sum; four more roundings. |y| <= sqrt(d) |gain| + 1.
TEST(LayerNorm, ForwardAgainstTheDoubleTwin) {
  Cpu cpu(2);
  for (const std::int64_t d : {3, 64, 257}) {
    const Tensor<Cpu> x = random_tensor(cpu, 131, d, 1), gain = random_tensor(cpu, 1, d, 2),
                      bias = random_tensor(cpu, 1, d, 3);
    Tensor<Cpu> y, statistics;
    layernorm_forward(cpu, x, {gain, bias}, 1e-5f, y, statistics);
    const auto size = static_cast<double>(d);
    expect_near(y, twin(doubles(x), doubles(gain), doubles(bias)),
                (3 * size + 8) * kUnit * std::sqrt(size));
    EXPECT_EQ(statistics.rows(), 2);
    EXPECT_EQ(statistics.cols(), 131);
  }
}

TEST(LayerNorm, AConstantRowBecomesTheBias) {
  Cpu cpu(1);
  Tensor<Cpu> y, statistics;
  const Tensor<Cpu> gain = constant_tensor(cpu, 1, 4, 2), bias = tensor_of(cpu, 1, 4, {1, 2, 3, 4});
  layernorm_forward(cpu, constant_tensor(cpu, 1, 4, 3), {gain, bias}, 1e-5f, y, statistics);
  EXPECT_EQ(floats(y), (std::vector<float>{1, 2, 3, 4}));
}

// Twenty float32 operations and sums of 7 terms, on values of at most 10: 30 u 10 is 1.8e-5.
TEST(LayerNorm, BackwardAgainstCentralDifferences) {
  Cpu cpu(2);
  const Tensor<Cpu> x = random_tensor(cpu, 5, 7, 1), gain = random_tensor(cpu, 1, 7, 2),
                    bias = random_tensor(cpu, 1, 7, 3), dy = random_tensor(cpu, 5, 7, 4);
  Tensor<Cpu> y, statistics, dx = constant_tensor(cpu, 5, 7, 0);
  Tensor<Cpu> dgain = constant_tensor(cpu, 1, 7, 0), dbias = constant_tensor(cpu, 1, 7, 0);
  layernorm_forward(cpu, x, {gain, bias}, 1e-5f, y, statistics);
  layernorm_backward(cpu, {x, gain, statistics}, dy, {dx, dgain, dbias});
  const Values xs = doubles(x), gains = doubles(gain), biases = doubles(bias), up = doubles(dy);
  const auto by_x = [&](const Values& v) { return dot(up, twin(v, gains, biases)); };
  const auto by_gain = [&](const Values& v) { return dot(up, twin(xs, v, biases)); };
  const auto by_bias = [&](const Values& v) { return dot(up, twin(xs, gains, v)); };
  expect_near(dx, numeric_gradient(xs, by_x), 1.8e-5);
  expect_near(dgain, numeric_gradient(gains, by_gain), 1.8e-5);
  expect_near(dbias, numeric_gradient(biases, by_bias), 1.8e-5);
}

TEST(LayerNorm, BackwardAddsOntoWhatWasThere) {
  Cpu cpu(1);
  const Tensor<Cpu> x = random_tensor(cpu, 3, 4, 1), gain = constant_tensor(cpu, 1, 4, 1);
  Tensor<Cpu> y, statistics, dx = constant_tensor(cpu, 3, 4, 8);
  Tensor<Cpu> dgain = constant_tensor(cpu, 1, 4, 9), dbias = constant_tensor(cpu, 1, 4, 7);
  layernorm_forward(cpu, x, {gain, gain}, 1e-5f, y, statistics);
  layernorm_backward(cpu, {x, gain, statistics}, constant_tensor(cpu, 3, 4, 0), {dx, dgain, dbias});
  EXPECT_EQ(floats(dx), std::vector<float>(12, 8.0f));
  EXPECT_EQ(floats(dgain), std::vector<float>(4, 9.0f));
  EXPECT_EQ(floats(dbias), std::vector<float>(4, 7.0f));
}

TEST(LayerNorm, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([](Cpu& cpu) {
    const Tensor<Cpu> x = random_tensor(cpu, 400, 201, 1), gain = random_tensor(cpu, 1, 201, 2);
    Tensor<Cpu> y, statistics, dx = random_tensor(cpu, 400, 201, 3);
    Tensor<Cpu> dgain = constant_tensor(cpu, 1, 201, 0), dbias = constant_tensor(cpu, 1, 201, 0);
    layernorm_forward(cpu, x, {gain, gain}, 1e-5f, y, statistics);
    layernorm_backward(cpu, {x, gain, statistics}, y, {dx, dgain, dbias});
    std::vector<float> all = floats(dx);
    all.insert(all.end(), dgain.data(), dgain.data() + dgain.size());
    all.insert(all.end(), dbias.data(), dbias.data() + dbias.size());
    return all;
  });
}

TEST(LayerNorm, UnequalShapesAreRefused) {
  Cpu cpu(1);
  const Tensor<Cpu> x = constant_tensor(cpu, 2, 3, 1), gain = constant_tensor(cpu, 1, 2, 1);
  Tensor<Cpu> y, statistics;
  EXPECT_THROW(layernorm_forward(cpu, x, {gain, gain}, 1e-5f, y, statistics),
               std::invalid_argument);
}

}  // namespace
}  // namespace trainer::test
