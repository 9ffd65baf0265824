#include "reference_trainer/report/svg_axis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <initializer_list>
#include <limits>

namespace trainer {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// "0 5 10" for the ticks of an axis that shows `values`.
std::string ticks_of(AxisScale scale, std::initializer_list<double> values, int count = 6) {
  ValueRange range(scale);
  for (const double value : values) range.include(value);
  std::string text;
  for (const Ruler::Tick& tick : Ruler(range, 0, 0, 100).ticks(count))
    text += (text.empty() ? "" : " ") + tick.text;
  return text;
}

TEST(Axis, LinearTicksAreRound) {
  EXPECT_EQ(ticks_of(AxisScale::kLinear, {0, 10}), "0 2 4 6 8 10");
  EXPECT_EQ(ticks_of(AxisScale::kLinear, {-0.25, 0.25}), "-0.2 -0.1 0.0 0.1 0.2");
  EXPECT_EQ(ticks_of(AxisScale::kLinear, {0.0003, 0.0007}), "0.0003 0.0004 0.0005 0.0006 0.0007");
  EXPECT_EQ(ticks_of(AxisScale::kLinear, {0, 120000}), "0 20k 40k 60k 80k 100k 120k");
  EXPECT_EQ(ticks_of(AxisScale::kLinear, {2e9, 10e9}), "2G 4G 6G 8G 10G");
}

TEST(Axis, WholeNumbersGetWholeTicks) {
  EXPECT_EQ(ticks_of(AxisScale::kLinear, {1, 3}), "1 2 3");
  EXPECT_EQ(ticks_of(AxisScale::kLinear, {1, 3.5}), "1.0 1.5 2.0 2.5 3.0 3.5");
}

TEST(Axis, LogarithmicTicks) {
  EXPECT_EQ(ticks_of(AxisScale::kLog10, {1e-5, 1e2}), "10⁻⁵ 10⁻³ 0.1 10");
  EXPECT_EQ(ticks_of(AxisScale::kLog10, {0.04, 5}), "0.05 0.1 0.2 0.5 1 2 5");
  EXPECT_EQ(ticks_of(AxisScale::kLog10, {0.2, 0.6}), "0.2 0.3 0.5");
  EXPECT_EQ(ticks_of(AxisScale::kLog2, {1, 8}), "1 2 4 8");
}

TEST(Axis, RulerMapsBothWays) {
  ValueRange range(AxisScale::kLog10);
  for (const double value : {1.0, 100.0}) range.include(value);
  const Ruler up(range, 0, 200, 100);  // as y axes are: towards the top
  EXPECT_NEAR(up(1), 200, 1e-9);       // a few roundings of numbers of 200
  EXPECT_NEAR(up(10), 150, 1e-9);
  EXPECT_NEAR(up(100), 100, 1e-9);
  const Ruler wide(range, 0.5, 0, 100);  // half of the range more on both sides
  EXPECT_NEAR(wide(1), 25, 1e-9);
}

TEST(Axis, DegenerateRanges) {
  EXPECT_EQ(ValueRange(AxisScale::kLinear).ends(), std::pair(0.0, 1.0));
  ValueRange one(AxisScale::kLinear);
  one.include(5);
  EXPECT_EQ(one.ends(), std::pair(5.0, 6.0));
  for (const double huge : {1e300, -1e300, 1e-300}) {
    EXPECT_LE(ticks_of(AxisScale::kLinear, {huge}).size(), 4000u);
  }
  ValueRange log(AxisScale::kLog10);
  for (const double hidden : {0.0, -1.0, kNan, HUGE_VAL}) {
    EXPECT_FALSE(log.shows(hidden));
    log.include(hidden);
  }
  EXPECT_EQ(log.ends(), std::pair(0.0, 1.0));
  EXPECT_TRUE(ValueRange(AxisScale::kLinear).shows(-1));
}

}  // namespace
}  // namespace trainer
