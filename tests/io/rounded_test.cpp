// One rounding from double to the types of weight files: exhaustive over the 16-bit formats.
#include "reference_trainer/io/rounded.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "reference_trainer/io/half.h"

namespace trainer {
namespace {

struct Format {
  const char* name;
  float (*decode)(std::uint16_t);
  std::uint16_t (*encode)(double);
  std::uint16_t infinity;  // bits
};

void PrintTo(const Format& format, std::ostream* out) { *out << format.name; }

class Rounded : public testing::TestWithParam<Format> {};

TEST_P(Rounded, EveryNumberOfTheFormatIsItself) {
  const Format f = GetParam();
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const double value = f.decode(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(f.decode(f.encode(value)))) << bits;
    } else {
      ASSERT_EQ(f.encode(value), half) << bits;
    }
  }
}

// Beside a midpoint by one double: by way of float, it would become the midpoint and go to the even
// neighbour.
TEST_P(Rounded, MidpointsGoToTheEvenNeighbourAndTheirSidesToTheirs) {
  const Format f = GetParam();
  for (std::uint16_t low = 0; low + 1 < f.infinity; ++low) {
    const auto high = static_cast<std::uint16_t>(low + 1);
    const double middle = (static_cast<double>(f.decode(low)) + f.decode(high)) / 2;
    ASSERT_EQ(f.encode(middle), low % 2 == 0 ? low : high) << low;
    ASSERT_EQ(f.encode(std::nextafter(middle, 0.0)), low) << low;
    ASSERT_EQ(f.encode(std::nextafter(middle, HUGE_VAL)), high) << low;
    ASSERT_EQ(f.encode(-std::nextafter(middle, HUGE_VAL)), high | 0x8000) << low;
  }
}

TEST_P(Rounded, WhatIsTooLargeBecomesInfinite) {
  const Format f = GetParam();
  const double largest = f.decode(static_cast<std::uint16_t>(f.infinity - 1));
  const double step = largest - f.decode(static_cast<std::uint16_t>(f.infinity - 2));
  EXPECT_EQ(f.encode(std::nextafter(largest + step / 2, 0.0)), f.infinity - 1);
  EXPECT_EQ(f.encode(largest + step / 2), f.infinity);
  EXPECT_EQ(f.encode(std::numeric_limits<double>::max()), f.infinity);
  EXPECT_EQ(f.encode(-HUGE_VAL), f.infinity | 0x8000);
  EXPECT_EQ(f.encode(std::numeric_limits<double>::denorm_min()), 0);
}

INSTANTIATE_TEST_SUITE_P(Formats, Rounded,
                         testing::Values(Format{"bf16", float_from_bf16, bf16_from_double, 0x7f80},
                                         Format{"f16", float_from_f16, f16_from_double, 0x7c00}),
                         [](const testing::TestParamInfo<Format>& i) {
                           return std::string(i.param.name);
                         });

TEST(RoundedValues, GoToBytesAndBack) {
  const std::vector<double> values = {1.0, -2.5, 0x1.0000010000001p0};  // above a middle of floats
  EXPECT_EQ(rounded_floats(DType::kF32, values),
            (std::vector<float>{1.0f, -2.5f, 1 + std::numeric_limits<float>::epsilon()}));
  EXPECT_EQ(rounded_floats(DType::kBF16, values), (std::vector<float>{1.0f, -2.5f, 1.0f}));
  std::vector<std::byte> bytes(5);
  EXPECT_THROW(round_values(DType::kF16, values, bytes), std::invalid_argument);
  bytes.resize(24);
  EXPECT_THROW(round_values(DType::kI64, values, bytes), std::invalid_argument);
}

TEST(RoundedValues, UnitRoundoffIsHalfOfTheStepAtOne) {
  EXPECT_EQ(unit_roundoff(DType::kBF16), (float_from_bf16(0x3f81) - 1.0) / 2);
  EXPECT_EQ(unit_roundoff(DType::kF16), (float_from_f16(0x3c01) - 1.0) / 2);
  EXPECT_EQ(unit_roundoff(DType::kF32), std::numeric_limits<float>::epsilon() / 2);
}

}  // namespace
}  // namespace trainer
