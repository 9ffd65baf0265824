// The scalar side of integer products: the order of roundings and the bound on sums.
#include "roste/core/product.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <stdexcept>

namespace roste {
namespace {

constexpr std::int64_t kLargest = std::numeric_limits<std::int32_t>::max();

TEST(ScaledProduct, GoldenValues) {
  EXPECT_EQ(scaled_product(3, 0.5f, 0.25f, 1.0f), 1.375f);
  EXPECT_EQ(scaled_product(-12, 2.0f, 0.125f, 0.0f), -3.0f);
  EXPECT_EQ(scaled_product(0, 1e30f, 1e30f, 0.75f), 0.75f);
}

// 2^24 + 1 is halfway between two floats: to even is down, and 2^24 + 3 goes up.
TEST(ScaledProduct, RoundsTheSumToNearestEven) {
  EXPECT_EQ(scaled_product((1 << 24) + 1, 1.0f, 1.0f, 0.0f), 0x1p24f);
  EXPECT_EQ(scaled_product((1 << 24) + 3, 1.0f, 1.0f, 0.0f), 0x1.000004p24f);
}

// (1 + 2^-12)^2 = 1 + 2^-11 + 2^-24. In (a s_x) s_w - that, the product a s_x = 1 + 2^-12 is exact;
// rounding (a s_x) s_w before the addition would lose its last term, 2^-24.
TEST(ScaledProduct, TheSecondProductIsNotRoundedBeforeTheAddition) {
  const float s = 1.0f + 0x1p-12f;
  EXPECT_EQ(scaled_product(1, s, s, -(1.0f + 0x1p-11f)), 0x1p-24f);
}

// 3 s_x = 3 + 3 2^-23 is halfway between 3 + 2^-22 and 3 + 2^-21 and becomes the latter, which is
// even; s_w = 2^24 then shows it. One rounding at the end would give 3 2^24 + 6.
TEST(ScaledProduct, TheFirstProductIsRounded) {
  EXPECT_EQ(scaled_product(3, 1.0f + 0x1p-23f, 0x1p24f, -3 * 0x1p24f), 8.0f);
}

TEST(LargestOffset, IsTheFartherEnd) {
  EXPECT_EQ(largest_offset({0, 15}, 0), 15);
  EXPECT_EQ(largest_offset({0, 15}, 15), 15);
  EXPECT_EQ(largest_offset({0, 15}, 9), 9);
  EXPECT_EQ(largest_offset({-8, 7}, 0), 8);
  EXPECT_EQ(largest_offset({0, 255}, -1000), 1255);
  EXPECT_EQ(largest_offset({-128, 127}, std::numeric_limits<std::int32_t>::max()), kLargest + 128);
}

TEST(ProductBound, IsExact) {
  EXPECT_NO_THROW(check_product_bound(kLargest, 1, 1));
  EXPECT_THROW(check_product_bound(kLargest + 1, 1, 1), std::invalid_argument);
  EXPECT_NO_THROW(check_product_bound(1, 46340, 46341));                      // 2^31 - 1 - 2707
  EXPECT_THROW(check_product_bound(1, 46341, 46341), std::invalid_argument);  // 2^31 + 4633
  EXPECT_NO_THROW(check_product_bound(33025, 255, 255));                      // 2147450625
  EXPECT_THROW(check_product_bound(33026, 255, 255), std::invalid_argument);  // 2147515650
  EXPECT_NO_THROW(check_product_bound(0, kLargest * 2, kLargest * 2));
  EXPECT_THROW(check_product_bound(1, kLargest * 2, kLargest * 2), std::invalid_argument);
}

TEST(ProductBound, SaysBothNumbers) {
  try {
    check_product_bound(40000, 255, 300);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(),
                 "roste: a sum of 40000 products with |q - z| up to 255 (activations) and 300 "
                 "(weights) may exceed the largest int32, 2147483647; use fewer bits or "
                 "ZeroIncluded ranges");
  }
}

}  // namespace
}  // namespace roste
