// Invariants of eq. (1) over random groups. u = 2^-24 is the rounding error of float.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "roste/core/grid.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using testing::gaussian;

constexpr RangeRule kNearestRules[] = {RangeRule::kSymmetric, RangeRule::kZeroIncluded,
                                       RangeRule::kTight};

struct Group {
  std::vector<float> x;
  float min, max;
};

// 200 groups of 32 values, among them far-offset, one-sided, huge and tiny ones.
std::vector<Group> groups() {
  std::vector<Group> result;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Group g{gaussian(seed, 32), 0, 0};
    for (float& v : g.x) {
      if (seed % 5 == 1) v = 1000.0f + v;
      if (seed % 5 == 2) v = std::fabs(v);
      if (seed % 5 == 3) v = std::ldexp(v, static_cast<int>(seed) - 100);
    }
    if (seed % 5 == 4) g.x[seed % 32] *= 1e4f;
    g.min = *std::min_element(g.x.begin(), g.x.end());
    g.max = *std::max_element(g.x.begin(), g.x.end());
    result.push_back(g);
  }
  return result;
}

TEST(GridProperty, P1_P2_ErrorIsAtMostHalfAStep) {
  for (const RangeRule rule : kNearestRules) {
    for (const int bits : {2, 3, 4, 8}) {
      const Grid grid = make_grid(rule, bits);
      for (const Group& g : groups()) {
        const GroupParams p = fit_range(grid, g.min, g.max);
        const double largest = std::max(std::fabs(g.min), std::fabs(g.max));
        const double bound = 0.5 * p.scale + 0x1p-22 * largest;
        for (const float x : g.x) {
          EXPECT_LE(std::fabs(double{fake_quantize_value(x, p, grid.codes)} - x), bound);
        }
      }
    }
  }
}

TEST(GridProperty, P3_ClippedValuesAreTheEndsOfTheRange) {
  const Grid grid = make_grid(RangeRule::kZeroIncluded, 4, 0.5f);
  for (const Group& g : groups()) {
    const GroupParams p = fit_range(grid, g.min, g.max);
    for (const float x : g.x) {
      if (!saturates(x, p, grid.codes)) continue;
      const float q = fake_quantize_value(x, p, grid.codes);
      EXPECT_EQ(q, x > 0 ? decode(15, p) : decode(0, p));
    }
  }
}

TEST(GridProperty, P4_Equation20WithHalfGridInputs) {
  for (const int bits : {2, 4, 8}) {
    const Grid grid = make_grid(RangeRule::kSymmetric, bits);
    const int q = grid.codes.max;
    const float max = static_cast<float>(q);
    const GroupParams p = fit_range(grid, -max, max);
    double error = 0;
    const int d = 64;
    for (int i = 0; i < d; ++i) {
      const float x = i == 0 ? max : static_cast<float>(i % q) + 0.5f;
      const double e = double{fake_quantize_value(x, p, grid.codes)} - x;
      error += e * e;
    }
    const double bound = d * double{max} * max / (4.0 * q * q);  // eq. (20)
    EXPECT_LE(error, bound);
    EXPECT_GE(error, 0.98 * bound);  // all but the one exact value reach half a step
  }
}

TEST(GridProperty, P5_SymmetricIsIdempotent) {
  for (const int bits : {2, 4, 8}) {
    const Grid grid = make_grid(RangeRule::kSymmetric, bits);
    for (Group g : groups()) {
      const GroupParams p = fit_range(grid, g.min, g.max);
      for (float& x : g.x) x = fake_quantize_value(x, p, grid.codes);
      const auto [low, high] = std::minmax_element(g.x.begin(), g.x.end());
      const GroupParams again = fit_range(grid, *low, *high);
      for (const float x : g.x) EXPECT_EQ(fake_quantize_value(x, again, grid.codes), x);
    }
  }
}

TEST(GridProperty, P6_RequantizingKeepsCodesAndZeroPoint) {
  const Grid grid = make_grid(RangeRule::kZeroIncluded, 4);
  for (const Group& g : groups()) {
    const GroupParams p = fit_range(grid, g.min, g.max);
    std::vector<float> y;
    for (const float x : g.x) y.push_back(fake_quantize_value(x, p, grid.codes));
    const auto [low, high] = std::minmax_element(y.begin(), y.end());
    // Both ends of the range must be among the values, or the second range is another one.
    if (*low != std::min(0.0f, decode(0, p)) || *high != std::max(0.0f, decode(15, p))) continue;
    const GroupParams again = fit_range(grid, *low, *high);
    EXPECT_EQ(again.zero, p.zero);
    for (std::size_t i = 0; i < y.size(); ++i) {
      EXPECT_EQ(encode(y[i], again, grid.codes), encode(g.x[i], p, grid.codes));
    }
  }
}

TEST(GridProperty, P8_PowersOfTwoScaleThrough) {
  for (const RangeRule rule : kNearestRules) {
    const Grid grid = make_grid(rule, 4, 0.9f);
    for (const Group& g : groups()) {
      if (std::fabs(g.max) < 1e-20f) continue;  // scaled values must not underflow
      const GroupParams p = fit_range(grid, g.min, g.max);
      const GroupParams scaled_p = fit_range(grid, g.min * 0x1p-9f, g.max * 0x1p-9f);
      for (const float x : g.x) {
        EXPECT_EQ(fake_quantize_value(x * 0x1p-9f, scaled_p, grid.codes),
                  fake_quantize_value(x, p, grid.codes) * 0x1p-9f);
      }
    }
  }
}

TEST(GridProperty, P10_SymmetricIsOdd) {
  const Grid grid = make_grid(RangeRule::kSymmetric, 4);
  for (const Group& g : groups()) {
    const GroupParams p = fit_range(grid, g.min, g.max);
    for (const float x : g.x) {
      EXPECT_EQ(fake_quantize_value(-x, p, grid.codes), -fake_quantize_value(x, p, grid.codes));
    }
  }
  EXPECT_EQ(encode(2.5f, {1.0f, 0}, grid.codes), -encode(-2.5f, {1.0f, 0}, grid.codes));
}

TEST(GridProperty, P11_ZeroStaysZero) {
  for (const Group& g : groups()) {
    for (const RangeRule rule : {RangeRule::kSymmetric, RangeRule::kZeroIncluded}) {
      for (const float clip : {1.0f, 0.7f}) {
        const Grid grid = make_grid(rule, 4, clip);
        EXPECT_EQ(fake_quantize_value(0, fit_range(grid, g.min, g.max), grid.codes), 0.0f);
      }
    }
  }
}

TEST(GridProperty, P12_CodesAreMonotone) {
  std::vector<float> sorted = gaussian(7, 4000);
  std::sort(sorted.begin(), sorted.end());
  const Grid grid = make_grid(RangeRule::kZeroIncluded, 4, 0.8f);
  const GroupParams p = fit_range(grid, sorted.front(), sorted.back());
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    EXPECT_LE(encode(sorted[i - 1], p, grid.codes), encode(sorted[i], p, grid.codes));
  }
  float x = 2.5f * p.scale - 2000 * 0x1p-24f;  // all floats in a window around a tie
  for (int i = 0; i < 4000; ++i, x = std::nextafter(x, 10.0f)) {
    EXPECT_LE(encode(x, p, grid.codes), encode(std::nextafter(x, 10.0f), p, grid.codes));
  }
}

TEST(GridProperty, ZeroIncludedCodesMinusZeroPointFitOneMoreBit) {
  for (const int bits : {1, 2, 4, 8}) {
    const Grid grid = make_grid(RangeRule::kZeroIncluded, bits, 0.9f);
    for (const Group& g : groups()) {
      const GroupParams p = fit_range(grid, g.min, g.max);
      EXPECT_GE(p.zero, 0);
      EXPECT_LE(p.zero, grid.codes.max);
    }
  }
}

TEST(GridProperty, EveryCodeSurvivesDecodeThenEncode) {
  for (const RangeRule rule : kNearestRules) {
    for (int bits = 2; bits <= 10; ++bits) {
      const Grid grid = make_grid(rule, bits);
      const GroupParams p = fit_range(grid, -0.37f, 1.91f);
      for (std::int32_t code = grid.codes.min; code <= grid.codes.max; ++code) {
        EXPECT_EQ(encode(decode(code, p), p, grid.codes), code);
      }
    }
  }
}

TEST(GridProperty, FakeQuantizeIsDecodeOfEncode) {
  const std::vector<float> ends = testing::finite_bit_patterns(3, 3000);
  for (const RangeRule rule :
       {RangeRule::kSymmetric, RangeRule::kZeroIncluded, RangeRule::kTight, RangeRule::kPaperEq4}) {
    for (std::size_t i = 0; i + 2 < ends.size(); i += 3) {
      const Grid grid = make_grid(rule, 1 + static_cast<int>(i % 15) + 1, 0.6f);
      const GroupParams p =
          fit_range(grid, std::min(ends[i], ends[i + 1]), std::max(ends[i], ends[i + 1]));
      for (const float x : {ends[i], ends[i + 1], ends[i + 2]}) {
        const float direct = fake_quantize_value(x, p, grid.codes);
        const float by_code = decode(encode(x, p, grid.codes), p);
        EXPECT_EQ(std::bit_cast<std::uint32_t>(direct), std::bit_cast<std::uint32_t>(by_code));
        EXPECT_TRUE(std::isfinite(direct));
        EXPECT_TRUE(p.scale > 0 && std::isfinite(p.scale));
      }
    }
  }
}

}  // namespace
}  // namespace roste
