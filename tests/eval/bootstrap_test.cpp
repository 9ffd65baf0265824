// Literals of tests/oracle/bootstrap_interval.py.
#include "reference_trainer/eval/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

#include "reference_trainer/base/random.h"

namespace trainer {
namespace {

const std::vector<double> kValues = {0.5, 0.25, 1.0, 0.0, 0.75, 0.125, 2.0, -1.0};

// Sums of these values and means of eight are exact, and so are quantiles at these places.
TEST(Bootstrap, Golden) {
  const auto expect = [](const BootstrapSettings& settings, double low, double high) {
    const ConfidenceInterval interval = bootstrap_interval(kValues, settings);
    EXPECT_NEAR(interval.low, low, 1e-12);  // the quantile's interpolation rounds once or twice
    EXPECT_NEAR(interval.high, high, 1e-12);
  };
  expect({0.95, 1000, 0}, -0.09375, 1.03125);
  expect({0.95, 1000, 1}, -0.046875, 1.015625);
  expect({0.5, 11, 42}, 0.3359375, 0.7109375);
}

TEST(Bootstrap, EqualValuesHaveNoWidth) {
  const ConfidenceInterval interval = bootstrap_interval(std::vector<double>(5, 3.5), {});
  EXPECT_EQ(interval.low, 3.5);
  EXPECT_EQ(interval.high, 3.5);
  EXPECT_EQ(bootstrap_interval(std::vector{2.0}, {0.95, 1, 0}).low, 2.0);
}

// Of 200 intervals of normal samples at 80 %, about 160 hold the true mean: the standard deviation
// is 5.7, and small samples make percentile intervals a little narrow, so 135 to 180 are 4 of them.
TEST(Bootstrap, CoversTheMeanAboutAsOftenAsItSays) {
  int covered = 0;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    RandomStream random(trial);
    std::vector<double> values;
    for (int i = 0; i < 40; ++i) values.push_back(7 + random.normal());
    const ConfidenceInterval interval = bootstrap_interval(values, {0.8, 200, trial});
    covered += interval.low <= 7 && 7 <= interval.high;
  }
  EXPECT_GE(covered, 135);
  EXPECT_LE(covered, 180);
}

TEST(Bootstrap, RefusesSettingsOutOfRange) {
  EXPECT_THROW(bootstrap_interval({}, {}), std::invalid_argument);
  EXPECT_THROW(bootstrap_interval(kValues, {0.95, 0, 0}), std::invalid_argument);
  EXPECT_THROW(bootstrap_interval(kValues, {1, 10, 0}), std::invalid_argument);
  EXPECT_THROW(bootstrap_interval(kValues, {0, 10, 0}), std::invalid_argument);
  EXPECT_THROW(bootstrap_interval(kValues, {std::nan(""), 10, 0}), std::invalid_argument);
}

}  // namespace
}  // namespace trainer
