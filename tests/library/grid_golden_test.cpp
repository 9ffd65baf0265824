// Literal values and degenerate groups. The numbers were worked out by hand from eqs. (1)-(4).
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "roste/core/grid.h"

namespace roste {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr RangeRule kAllRules[] = {RangeRule::kSymmetric, RangeRule::kZeroIncluded,
                                   RangeRule::kTight, RangeRule::kPaperEq4};

float quantized(const Grid& grid, float min, float max, float x) {
  return fake_quantize_value(x, fit_range(grid, min, max), grid.codes);
}

TEST(GridGolden, SymmetricScale) {  // eq. (2)
  EXPECT_EQ(fit_range(make_grid(RangeRule::kSymmetric, 4), -3.5f, 1.0f), (GroupParams{0.5f, 0}));
  EXPECT_EQ(fit_range(make_grid(RangeRule::kSymmetric, 4, 0.5f), -3.5f, 1.0f),
            (GroupParams{0.25f, 0}));
}

TEST(GridGolden, ZeroIncludedWidensToZero) {
  const Grid grid = make_grid(RangeRule::kZeroIncluded, 4);
  EXPECT_EQ(fit_range(grid, 1.5f, 7.5f), (GroupParams{0.5f, 0}));
  EXPECT_EQ(fit_range(grid, -7.5f, -1.5f), (GroupParams{0.5f, 15}));
  EXPECT_EQ(fit_range(grid, -3.0f, 4.5f), (GroupParams{0.5f, 6}));
}

TEST(GridGolden, D1_ZeroPointIsNearestEven) {
  const Grid grid = make_grid(RangeRule::kZeroIncluded, 4);
  // -min / s = 6.5 -> 6 and 7.5 -> 8, ties to even; 6.75 -> 7.
  EXPECT_EQ(fit_range(grid, -6.5f, 8.5f).zero, 6);
  EXPECT_EQ(fit_range(grid, -7.5f, 7.5f).zero, 8);
  EXPECT_EQ(fit_range(grid, -6.75f, 8.25f).zero, 7);
}

TEST(GridGolden, D1_PaperRuleTakesTheFloor) {
  const Grid grid = make_grid(RangeRule::kPaperEq4, 4);
  EXPECT_EQ(fit_range(grid, -6.75f, 8.25f), (GroupParams{1.0f, 6}));
  EXPECT_EQ(fit_range(grid, 1.25f, 16.25f), (GroupParams{1.0f, -2}));
}

TEST(GridGolden, D2_TightRangeKeepsAFarZeroPoint) {
  const Grid grid = make_grid(RangeRule::kTight, 4);
  EXPECT_EQ(fit_range(grid, 100.0f, 115.0f), (GroupParams{1.0f, -100}));
  EXPECT_EQ(quantized(grid, 100.0f, 115.0f, 107.25f), 107.0f);
}

TEST(GridGolden, D3_DefaultClipsBothEndsThePaperOnlyTheTop) {
  const GroupParams both = fit_range(make_grid(RangeRule::kTight, 4, 0.5f), -15.0f, 15.0f);
  EXPECT_EQ(both, (GroupParams{1.0f, 8}));  // -(-7.5) / 1 = 7.5, to even
  const GroupParams top = fit_range(make_grid(RangeRule::kPaperEq4, 4, 0.5f), -15.0f, 15.0f);
  EXPECT_EQ(top, (GroupParams{1.0f, 15}));
  EXPECT_EQ(decode(0, top), -15.0f);
  EXPECT_EQ(decode(15, top), 0.0f);
}

TEST(GridGolden, D4_QN04_ConstantGroupsComeBackExactly) {
  for (const RangeRule rule : kAllRules) {
    for (const int bits : {rule == RangeRule::kSymmetric ? 2 : 1, 4, 8, 16}) {
      for (const float v : {5.0f, -5.0f, 0.1f, -3e-39f, 1e-44f, 3.4e38f, -3.4e38f, 1e-9f}) {
        EXPECT_EQ(quantized(make_grid(rule, bits, 0.7f), v, v, v), v) << v << " bits " << bits;
      }
    }
  }
}

TEST(GridGolden, QN03_ZeroGroup) {
  for (const RangeRule rule : kAllRules) {
    const Grid grid = make_grid(rule, 4);
    EXPECT_EQ(fit_range(grid, -0.0f, 0.0f), (GroupParams{1.0f, 0}));
    EXPECT_EQ(quantized(grid, 0.0f, 0.0f, 0.0f), 0.0f);
  }
}

TEST(GridGolden, D6_LowestSymmetricCodeNeedsClipping) {
  const Grid grid = make_grid(RangeRule::kSymmetric, 4, 0.5f);
  const GroupParams params = fit_range(grid, -7.0f, 7.0f);
  EXPECT_EQ(encode(-7.0f, params, grid.codes), -8);
  EXPECT_EQ(encode(7.0f, params, grid.codes), 7);
}

TEST(GridGolden, QN05_UnderflowingScale) {
  for (const RangeRule rule : kAllRules) {
    const Grid grid = make_grid(rule, 8);
    const GroupParams params = fit_range(grid, 0.0f, 1e-44f);
    EXPECT_GE(params.scale, kSmallestNormal);
    EXPECT_EQ(fake_quantize_value(1e-44f, params, grid.codes), 0.0f);
  }
}

TEST(GridGolden, QN06_ScaleIsNeverSubnormal) {
  for (const RangeRule rule : kAllRules) {
    const Grid grid = make_grid(rule, 8);
    const GroupParams params = fit_range(grid, -1e-37f, 3.7e-37f);
    EXPECT_TRUE(std::isnormal(params.scale));
    EXPECT_LE(std::fabs(fake_quantize_value(3.7e-37f, params, grid.codes) - 3.7e-37f),
              params.scale);
  }
}

TEST(GridGolden, QN07_RangeWiderThanFloat) {
  for (const RangeRule rule : kAllRules) {
    for (const int bits : {2, 4, 8, 16}) {
      const Grid grid = make_grid(rule, bits);
      const GroupParams params = fit_range(grid, -3.4e38f, 3.4e38f);
      const double width = rule == RangeRule::kSymmetric ? 3.4e38 : 6.8e38;
      EXPECT_NEAR(params.scale / (width / grid.codes.max), 1.0, 1e-6);
      for (const float x : {-3.4e38f, -1.0f, 0.0f, 1e38f, 3.4e38f}) {
        const float q = fake_quantize_value(x, params, grid.codes);
        EXPECT_TRUE(std::isfinite(q)) << q;
        EXPECT_LE(std::fabs(q / 2 - x / 2), params.scale);
      }
    }
  }
  EXPECT_TRUE(std::isfinite(fit_range(make_grid(RangeRule::kTight, 1), -3e38f, 3e38f).scale));
}

TEST(GridGolden, QN09_NoNegativeZeroComesOut) {
  for (const RangeRule rule : kAllRules) {
    const Grid grid = make_grid(rule, 4);
    for (const float x : {-0.0f, -0.01f, 0.01f}) {
      const float q = quantized(grid, -1.0f, 1.0f, x);
      if (q == 0.0f) {
        EXPECT_FALSE(std::signbit(q)) << x;
      }
    }
  }
  EXPECT_EQ(encode(-0.0f, {1.0f, 0}, {-8, 7}), 0);
}

TEST(GridGolden, QN10_QuotientsBeyondInt32AreClamped) {
  const Grid grid = make_grid(RangeRule::kSymmetric, 4, 1e-9f);
  const GroupParams params = fit_range(grid, -1.0f, 1.0f);
  EXPECT_EQ(encode(1.0f, params, grid.codes), 7);
  EXPECT_EQ(encode(-1.0f, params, grid.codes), -8);
  const GroupParams tiny{1.19e-7f, 0};
  EXPECT_EQ(encode(3.4e38f, tiny, {-8, 7}), 7);
  EXPECT_EQ(encode(-kInf, tiny, {-8, 7}), -8);
  EXPECT_EQ(encode(std::nanf(""), tiny, {-8, 7}), -8);
  for (const RangeRule rule : {RangeRule::kTight, RangeRule::kPaperEq4}) {
    const Grid clipped = make_grid(rule, 8, 1e-9f);
    const GroupParams p = fit_range(clipped, -1.0f, 0.5f);
    EXPECT_LE(std::abs(static_cast<double>(p.zero)), 0x1p30);
    EXPECT_GE(encode(0.5f, p, clipped.codes), 0);
  }
}

TEST(GridGolden, QN11_HalfGridInputsRoundToEven) {
  const float even[] = {-4, -2, -2, 0, 0, 2, 2, 4, 4};  // of -3.5, -2.5, ..., 4.5
  for (int k = -4; k <= 4; ++k) {
    const float x = (static_cast<float>(k) + 0.5f) * 0.25f;
    EXPECT_EQ(encode(x, {0.25f, 0}, {-8, 7}), static_cast<int>(even[k + 4])) << x;
  }
}

// 1 / 0.3f is rounded up: a reciprocal multiplies (k + 1/2) s to the wrong side of ties.
TEST(GridGolden, QN11_DivisionIsTrueDivision) {
  int differing = 0;
  for (int m = 1; m < 4000; ++m) {
    const float s = static_cast<float>(m) / 7.0f;
    for (int k = 0; k < 7; ++k) {
      const float x = (static_cast<float>(k) + 0.5f) * s;
      EXPECT_EQ(encode(x, {s, 0}, {-8, 7}), std::lrint(x / s));
      if (std::lrint(x * (1.0f / s)) != std::lrint(x / s)) ++differing;
    }
  }
  EXPECT_GT(differing, 100) << "these inputs no longer tell a reciprocal from a division";
}

TEST(GridGolden, QN13_OffsetFarLargerThanTheRange) {
  const Grid grid = make_grid(RangeRule::kTight, 8);
  for (const float offset : {1e6f, 3e7f, -3e7f, 1e30f}) {
    const float high = std::nextafter(offset, kInf), low = std::nextafter(offset, -kInf);
    const GroupParams params = fit_range(grid, low, high);
    for (const float x : {low, offset, high}) {
      const double error = static_cast<double>(fake_quantize_value(x, params, grid.codes)) - x;
      // P2: s / 2 + 4 u max|x|
      EXPECT_LE(std::fabs(error), 0.5 * params.scale + 0x1p-22 * std::fabs(offset)) << offset;
    }
  }
}

}  // namespace
}  // namespace roste
