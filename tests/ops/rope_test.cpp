#include "reference_trainer/ops/rope.h"

#include <stdexcept>

#include "tests/ops/gradcheck.h"

namespace trainer::test {
namespace {

// Angles are rounded to float32 as the contract says; all else is in double.
Values twin(const RopeShape& shape, const std::vector<std::int32_t>& positions, const Values& x) {
  const std::size_t cols = x.size() / positions.size();
  const std::size_t half = shape.rotary_dim / 2, head_dim = shape.head_dim;
  Values y = x;
  for (std::size_t start = 0; start < x.size(); start += head_dim) {
    for (std::size_t i = 0; i < half; ++i) {
      const float exponent = static_cast<float>(2 * i) / static_cast<float>(shape.rotary_dim);
      const float frequency = 1.0f / std::pow(shape.theta, exponent);
      const double angle = static_cast<float>(positions[start / cols]) * frequency;
      const double a = x[start + i], b = x[start + half + i];
      y[start + i] = a * std::cos(angle) - b * std::sin(angle);
      y[start + half + i] = b * std::cos(angle) + a * std::sin(angle);
    }
  }
  return y;
}

// Frequencies 1, 0.1, 0.01 and 0.001 per token turn 15.9, 1.59, 0.159 and 0.0159 times in 100
// tokens: fast, between (its weight is (1.5915494 - 0.5) / 3.5 = 0.3118713), and slow twice.
TEST(Rope, GoldenLlama3FrequenciesOfAllThreeBands) {
  Cpu cpu(1);
  const RopeShape shape{8, 8, 10000.0f, Llama3RopeScaling{8, 0.5, 4, 100}};
  Tensor<Cpu> x = tensor_of(cpu, 1, 8, {1, 2, 3, 4, 0, 0, 0, 0});
  rope_forward(cpu, shape, indices_of(cpu, {10}), x);
  const double middle = 0.6881287 * 0.1 / 8 + 0.3118713 * 0.1;
  for (const auto& [channel, frequency] :
       {std::pair{0, 1.0}, {1, middle}, {2, 0.01 / 8}, {3, 0.001 / 8}}) {
    EXPECT_NEAR(x.data()[channel], (1 + channel) * std::cos(10 * frequency), 4e-6) << channel;
    EXPECT_NEAR(x.data()[4 + channel], (1 + channel) * std::sin(10 * frequency), 4e-6) << channel;
  }
}

// Sine and cosine within one ulp, two products, one sum, on values of at most 1.
constexpr double kTolerance = 6 * kUnit;

TEST(Rope, GoldenQuarterTurnsPairChannelsHalfAHeadApart) {
  Cpu cpu(1);
  // Position 1, theta 10000, head of 4: angles 1 and 0.01. cos 1 = 0.5403023, sin 1 = 0.8414710,
  // cos 0.01 = 0.9999500, sin 0.01 = 0.0099998.
  Tensor<Cpu> x = tensor_of(cpu, 1, 4, {1, 2, 3, 4});
  rope_forward(cpu, {4, 4, 10000.0f}, indices_of(cpu, {1}), x);
  expect_near(x,
              {1 * 0.5403023 - 3 * 0.8414710, 2 * 0.9999500 - 4 * 0.0099998,
               3 * 0.5403023 + 1 * 0.8414710, 4 * 0.9999500 + 2 * 0.0099998},
              1e-6);
}

TEST(Rope, PositionZeroChangesNothing) {
  Cpu cpu(1);
  Tensor<Cpu> x = random_tensor(cpu, 1, 16, 1);
  const std::vector<float> before = floats(x);
  rope_forward(cpu, {8, 8, 10000.0f}, indices_of(cpu, {0}), x);
  expect_same_bits(floats(x), before);
}

struct Case {
  RopeShape shape;
  std::vector<std::int32_t> positions;
};

// Repeated positions as in training, far ones as in generation, and partly rotated heads.
const std::vector<Case> kCases{{{6, 6, 10000.0f}, {0, 1, 2, 3, 0, 1, 2}},
                               {{6, 4, 500000.0f}, {0, 1, 2}},
                               {{6, 6, 10000.0f}, {1023, 2047}},
                               {{6, 2, 10000.0f}, {5}},
                               {{6, 0, 10000.0f}, {5, 6}}};

TEST(Rope, ForwardAgainstTheDoubleTwin) {
  Cpu cpu(2);
  for (const auto& [shape, positions] : kCases) {
    Tensor<Cpu> x = random_tensor(cpu, static_cast<std::int64_t>(positions.size()), 18, 1);
    const Values expected = twin(shape, positions, doubles(x));
    rope_forward(cpu, shape, indices_of(cpu, positions), x);
    expect_near(x, expected, kTolerance);
  }
}

TEST(Rope, BackwardAgainstCentralDifferences) {
  Cpu cpu(2);
  for (const auto& [shape, positions] : kCases) {
    const auto rows = static_cast<std::int64_t>(positions.size());
    const Tensor<Cpu> x = random_tensor(cpu, rows, 18, 1);
    Tensor<Cpu> dx = random_tensor(cpu, rows, 18, 2);
    const Values upstream = doubles(dx);
    rope_backward(cpu, shape, indices_of(cpu, positions), dx);
    const auto loss = [&, &shape = shape, &positions = positions](const Values& v) {
      return dot(upstream, twin(shape, positions, v));
    };
    expect_near(dx, numeric_gradient(doubles(x), loss), kTolerance + 1e-9);
  }
}

TEST(Rope, BackwardUndoesForward) {
  Cpu cpu(1);
  Tensor<Cpu> x = random_tensor(cpu, 9, 64, 1);
  const Values before = doubles(x);
  const Indices<Cpu> positions = indices_of(cpu, {0, 1, 2, 50, 100, 999, 3, 4, 5});
  rope_forward(cpu, {32, 32, 10000.0f}, positions, x);
  rope_backward(cpu, {32, 32, 10000.0f}, positions, x);
  expect_near(x, before, 2 * kTolerance);
}

TEST(Rope, ARowDoesNotDependOnItsBatch) {
  Cpu cpu(1);
  const RopeShape shape{8, 8, 10000.0f};
  Tensor<Cpu> alone = random_tensor(cpu, 1, 8, 1), batch = constant_tensor(cpu, 9, 8, 0.0f);
  std::copy_n(alone.data(), 8, batch.data() + 5 * 8);
  rope_forward(cpu, shape, indices_of(cpu, {7}), alone);  // one entry per row
  rope_forward(cpu, shape, indices_of(cpu, {0, 1, 2, 3, 4, 7, 6, 7, 8}), batch);  // per position
  expect_same_bits({batch.data() + 5 * 8, batch.data() + 6 * 8}, floats(alone));
}

TEST(Rope, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([](Cpu& cpu) {
    std::vector<std::int32_t> positions(500);
    for (int i = 0; i < 500; ++i) positions[i] = i % 211;
    Tensor<Cpu> x = random_tensor(cpu, 500, 128, 1);
    rope_forward(cpu, {64, 64, 10000.0f}, indices_of(cpu, positions), x);
    return floats(x);
  });
}

TEST(Rope, ImpossibleShapesAreRefused) {
  Cpu cpu(1);
  Tensor<Cpu> x = constant_tensor(cpu, 1, 12, 0);
  const Indices<Cpu> one = indices_of(cpu, {0}), two = indices_of(cpu, {0, 1});
  EXPECT_THROW(rope_forward(cpu, {6, 3, 1e4f}, one, x), std::invalid_argument);
  EXPECT_THROW(rope_forward(cpu, {6, 8, 1e4f}, one, x), std::invalid_argument);
  EXPECT_THROW(rope_forward(cpu, {5, 4, 1e4f}, one, x), std::invalid_argument);
  EXPECT_THROW(rope_forward(cpu, {6, 6, 1e4f}, two, x), std::invalid_argument);
}

}  // namespace
}  // namespace trainer::test
