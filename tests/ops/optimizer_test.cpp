#include "reference_trainer/ops/optimizer.h"

#include <stdexcept>

#include "tests/ops/tensors.h"

namespace trainer::test {
namespace {

struct Golden {
  float gradient;
  double w, m, v;  // after the step
};

// w = 1, learning rate 0.1, weight decay 0.01, defaults otherwise; the textbook form in double:
// w *= 1 - 0.001; m = 0.9 m + 0.1 g; v = 0.999 v + 0.001 g^2;
// w -= 0.1 (m / (1 - 0.9^t)) / (sqrt(v / (1 - 0.999^t)) + 1e-8).
constexpr Golden kSteps[] = {{0.5f, 0.899000002, 0.05, 0.00025},
                             {-0.25f, 0.8714672987058463, 0.02, 0.00031225},
                             {0.125f, 0.8365529176159483, 0.0305, 0.00032756275}};

TEST(AdamW, ThreeGoldenSteps) {
  Cpu cpu(2);
  constexpr std::int64_t kCount = 40;  // the vector loop and its remainder
  Tensor<Cpu> w = constant_tensor(cpu, 1, kCount, 1), m = constant_tensor(cpu, 1, kCount, 0);
  Tensor<Cpu> v = constant_tensor(cpu, 1, kCount, 0);
  AdamWStep settings{.learning_rate = 0.1f, .weight_decay = 0.01f, .step = 0};
  for (const Golden& golden : kSteps) {
    ++settings.step;
    adamw_update(cpu, settings, constant_tensor(cpu, 1, kCount, golden.gradient), {m, v}, w);
    // Ten roundings a step. beta2 in float32 is off by 1.3e-8, 1.3e-5 of 1 - beta2: v carries that
    // factor, and the bias correction takes it out of w.
    expect_near(w, Values(kCount, golden.w), 3 * 10 * kUnit);
    expect_near(m, Values(kCount, golden.m), 10 * kUnit);
    expect_near(v, Values(kCount, golden.v), 2e-5 * golden.v);
  }
}

TEST(AdamW, EpsilonIsAddedAfterTheBiasCorrection) {
  Cpu cpu(1);
  Tensor<Cpu> w = constant_tensor(cpu, 1, 1, 1), m = constant_tensor(cpu, 1, 1, 0);
  Tensor<Cpu> v = constant_tensor(cpu, 1, 1, 0);
  // sqrt(v / bias2) = |g| = 1e-9 against epsilon 1e-8: w = 1 - 0.1 * 1e-9 / 1.1e-8.
  adamw_update(cpu, {.learning_rate = 0.1f}, constant_tensor(cpu, 1, 1, 1e-9f), {m, v}, w);
  EXPECT_NEAR(w.data()[0], 0.990909090909091, 1e-7);
}

TEST(AdamW, TheGradientScaleComesFirst) {
  Cpu cpu(1);
  const auto update = [&](float gradient, float scale) {
    Tensor<Cpu> w = constant_tensor(cpu, 1, 3, 1), m = constant_tensor(cpu, 1, 3, 0.25f);
    Tensor<Cpu> v = constant_tensor(cpu, 1, 3, 0.5f);
    const AdamWStep settings{.learning_rate = 0.1f, .step = 3, .gradient_scale = scale};
    adamw_update(cpu, settings, constant_tensor(cpu, 1, 3, gradient), {m, v}, w);
    std::vector<float> all = floats(w);
    all.push_back(m.data()[0]);
    all.push_back(v.data()[0]);
    return all;
  };
  expect_same_bits(update(3.0f, 0.25f), update(0.75f, 1.0f));
  EXPECT_NE(update(3.0f, 0.25f), update(3.0f, 1.0f));
}

TEST(AdamW, WeightDecayAloneShrinksTheWeight) {
  Cpu cpu(1);
  Tensor<Cpu> w = constant_tensor(cpu, 1, 1, 2), m = constant_tensor(cpu, 1, 1, 0);
  Tensor<Cpu> v = constant_tensor(cpu, 1, 1, 0);
  adamw_update(cpu, {.learning_rate = 0.5f, .weight_decay = 0.5f}, constant_tensor(cpu, 1, 1, 0),
               {m, v}, w);
  EXPECT_EQ(w.data()[0], 1.5f);
}

TEST(AdamW, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([](Cpu& cpu) {
    Tensor<Cpu> w = random_tensor(cpu, 333, 151, 1), m = random_tensor(cpu, 333, 151, 2);
    Tensor<Cpu> v = constant_tensor(cpu, 333, 151, 0.5f);
    adamw_update(cpu, {.learning_rate = 0.1f}, random_tensor(cpu, 333, 151, 3), {m, v}, w);
    return floats(w);
  });
}

TEST(AdamW, UnequalShapesAndStepZeroAreRefused) {
  Cpu cpu(1);
  Tensor<Cpu> w = constant_tensor(cpu, 2, 3, 0), m = constant_tensor(cpu, 2, 3, 0);
  Tensor<Cpu> v = constant_tensor(cpu, 2, 3, 0), other = constant_tensor(cpu, 3, 2, 0);
  const AdamWStep first{.learning_rate = 0.1f}, zeroth{.learning_rate = 0.1f, .step = 0};
  EXPECT_THROW(adamw_update(cpu, first, other, {m, v}, w), std::invalid_argument);
  EXPECT_THROW(adamw_update(cpu, first, w, {other, v}, w), std::invalid_argument);
  EXPECT_THROW(adamw_update(cpu, first, w, {m, other}, w), std::invalid_argument);
  EXPECT_THROW(adamw_update(cpu, zeroth, m, {m, v}, w), std::invalid_argument);
}

TEST(SumOfSquares, ExactOnIntegersAndEmpty) {
  Cpu cpu(2);
  Tensor<Cpu> empty;
  EXPECT_EQ(sum_of_squares(cpu, empty), 0.0);
  for (const std::int64_t count : {1, 15, 16, 17, 40001}) {
    EXPECT_EQ(sum_of_squares(cpu, constant_tensor(cpu, 1, count, 3)),
              9.0 * static_cast<double>(count));
  }
}

TEST(SumOfSquares, SquaresAndSumsAreDouble) {
  Cpu cpu(1);
  EXPECT_EQ(sum_of_squares(cpu, tensor_of(cpu, 1, 3, {4096, 1, 0.5f})), 16777217.25);
  // (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24 needs 25 bits; 20 values are one vector and a remainder.
  const Tensor<Cpu> x = constant_tensor(cpu, 1, 20, 1 + 0x1p-12f);
  EXPECT_EQ(sum_of_squares(cpu, x), 20 * (1 + 0x1p-11 + 0x1p-24));
}

TEST(SumOfSquares, SameBitsForAnyThreads) {
  Cpu one(1), three(3);
  EXPECT_EQ(sum_of_squares(one, random_tensor(one, 501, 333, 1)),
            sum_of_squares(three, random_tensor(three, 501, 333, 1)));
}

}  // namespace
}  // namespace trainer::test
