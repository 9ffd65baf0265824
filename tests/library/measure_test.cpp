#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "roste/cpu/measure.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::MatrixView;

TEST(ErrorSums, LiteralExample) {
  ErrorSums sums;
  sums.add(3.0, 3.5);
  sums.add(-4.0, -4.0);
  EXPECT_EQ(sums.squared_error, 0.25);
  EXPECT_EQ(sums.squared_norm, 25.0);
  EXPECT_EQ(sums.count, 2);
  EXPECT_EQ(sums.min, -4.0);
  EXPECT_EQ(sums.max, 3.0);
  EXPECT_EQ(sums.mean_squared_error(), 0.125);
  EXPECT_EQ(sums.relative_error(), 0.01);
  EXPECT_DOUBLE_EQ(sums.sqnr_db(), 20.0);
}

TEST(ErrorSums, NothingMeasuredAndNothingLost) {
  ErrorSums sums;
  EXPECT_EQ(sums.mean_squared_error(), 0.0);
  EXPECT_EQ(sums.relative_error(), 0.0);
  sums.add(2.0, 2.0);
  EXPECT_EQ(sums.sqnr_db(), std::numeric_limits<double>::infinity());
}

TEST(ErrorSums, MergeIsTheSumOfTheParts) {
  ErrorSums a, b, both;
  a.add(1, 2);
  b.add(-5, -5.5);
  b.saturated = 3;
  both.add(1, 2);
  both.add(-5, -5.5);
  a.merge(b);
  EXPECT_EQ(a.squared_error, both.squared_error);
  EXPECT_EQ(a.squared_norm, both.squared_norm);
  EXPECT_EQ(a.count, 2);
  EXPECT_EQ(a.min, -5);
  EXPECT_EQ(a.max, 1);
  EXPECT_EQ(a.saturated, 3);
}

void expect_measures_like_a_loop(const Scheme& scheme, std::int64_t rows, std::int64_t cols) {
  const std::vector<float> x = testing::gaussian(31, rows * cols);
  std::vector<float> y(x.size());
  cpu::fake_quantize(scheme, MatrixView<const float>(x.data(), rows, cols),
                     MatrixView<float>(y.data(), rows, cols));
  ErrorSums expected;
  for (std::size_t i = 0; i < x.size(); ++i) expected.add(x[i], y[i]);
  const ErrorSums sums = cpu::measure(scheme, MatrixView<const float>(x.data(), rows, cols));
  EXPECT_NEAR(sums.squared_error, expected.squared_error, 1e-12 * expected.squared_error);
  EXPECT_NEAR(sums.squared_norm, expected.squared_norm, 1e-12 * expected.squared_norm);
  EXPECT_EQ(sums.count, expected.count);
  EXPECT_EQ(sums.min, expected.min);
  EXPECT_EQ(sums.max, expected.max);
}

TEST(Measure, P27_EqualsALoopInDouble) {
  for (const std::int64_t cols : {1, 7, 8, 9, 64, 100}) {
    expect_measures_like_a_loop(Quantizer<QuantSpec<4, Asymmetric, PerRow>>(), 5, cols);
    expect_measures_like_a_loop(Quantizer<QuantSpec<3, Symmetric, PerTensor>>(0.8f), 5, cols);
  }
  expect_measures_like_a_loop(Quantizer<QuantSpec<2, Asymmetric, PerGroup<16>>>(), 4, 48);
}

TEST(Measure, CountsSaturatedCodes) {
  // s = 0.5: codes of -7 and 7 are -14 and 14, both outside of [-8, 7]; 3.8 rounds to 8.
  const std::vector<float> x = {-7.0f, 7.0f, 3.5f, -4.0f, 3.8f, 0.0f, 0.1f, 1.0f, 3.0f};
  const Quantizer<QuantSpec<4, Symmetric, PerRow>> q(0.5f);
  EXPECT_EQ(cpu::measure(q, MatrixView<const float>(x)).saturated, 3);
  EXPECT_EQ(cpu::measure(Quantizer<QuantSpec<4, Symmetric, PerRow>>(), MatrixView<const float>(x))
                .saturated,
            0);
}

// A uniform grid of step s has mean squared error s^2 / 12 on values spread evenly over its cells.
TEST(Measure, EvenlySpreadValuesLoseOneTwelfthOfAStepSquared) {
  std::vector<float> x(15001);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i) * 0.001f;
  const double mse =
      cpu::measure(Quantizer<QuantSpec<4, Asymmetric, PerRow>>(), MatrixView<const float>(x))
          .mean_squared_error();
  EXPECT_NEAR(mse, 1.0 / 12, 0.001);
}

TEST(Measure, RefusesNonFiniteValues) {
  std::vector<float> x = {1, 2, std::numeric_limits<float>::infinity(), 3};
  EXPECT_THROW(
      cpu::measure(Quantizer<QuantSpec<4, Symmetric, PerRow>>(), MatrixView<const float>(x)),
      NonFiniteError);
}

}  // namespace
}  // namespace roste
