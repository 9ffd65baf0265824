// The 16-bit floats, against their definition in double arithmetic.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "roste/core/number_types.h"

namespace roste {
namespace {

static_assert(Number<float> && Number<BFloat16> && Number<Half>);
static_assert(!Number<double> && !Number<std::uint16_t> && !Number<const float>);

template <class T>
struct Format;
template <>
struct Format<Half> {
  static constexpr int kMantissa = 10, kBias = 15;
};
template <>
struct Format<BFloat16> {
  static constexpr int kMantissa = 7, kBias = 127;
};

// Sign, exponent and mantissa read off by the definition of IEEE formats.
template <class T>
double by_definition(T x) {
  constexpr int mantissa_bits = Format<T>::kMantissa;
  const int mantissa = x.bits & ((1 << mantissa_bits) - 1);
  const int exponent = (x.bits & 0x7fff) >> mantissa_bits;
  const double sign = x.bits & 0x8000 ? -1.0 : 1.0;
  if (exponent == (0x7fff >> mantissa_bits)) {
    return mantissa ? std::numeric_limits<double>::quiet_NaN()
                    : sign * std::numeric_limits<double>::infinity();
  }
  const int whole = exponent == 0 ? mantissa : mantissa + (1 << mantissa_bits);
  return sign * std::ldexp(whole, std::max(exponent, 1) - Format<T>::kBias - mantissa_bits);
}

template <class T>
class NumberType : public ::testing::Test {};
using Types = ::testing::Types<Half, BFloat16>;
TYPED_TEST_SUITE(NumberType, Types);

TYPED_TEST(NumberType, AllPatternsHaveTheirValueAndComeBack) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const TypeParam x{static_cast<std::uint16_t>(bits)};
    const double expected = by_definition(x);
    const float value = to_float(x);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(value)) << bits;
      ASSERT_TRUE(std::isnan(by_definition(from_float<TypeParam>(value)))) << bits;
    } else {
      ASSERT_EQ(std::bit_cast<std::uint64_t>(double{value}), std::bit_cast<std::uint64_t>(expected))
          << bits;
      ASSERT_EQ(from_float<TypeParam>(value), x) << bits;
    }
  }
}

// Between two neighbours everything below the middle rounds down, above it up, itself to the even
// one: with all middles and their float neighbours tested, every float is.
TYPED_TEST(NumberType, AllMiddlesRoundToEven) {
  const std::uint32_t infinity = 0x7fffu >> Format<TypeParam>::kMantissa
                                                << Format<TypeParam>::kMantissa;
  for (const std::uint32_t sign : {0u, 0x8000u}) {
    for (std::uint32_t bits = 0; bits < infinity; ++bits) {
      const TypeParam low{static_cast<std::uint16_t>(sign | bits)};
      const TypeParam high{static_cast<std::uint16_t>(sign | (bits + 1))};
      const double a = by_definition(low);
      // The neighbour of the largest finite number, had the format one more exponent.
      const double b =
          bits + 1 < infinity
              ? by_definition(high)
              : a + (a - by_definition(TypeParam{static_cast<std::uint16_t>(sign | (bits - 1))}));
      const float middle = static_cast<float>((a + b) / 2);
      ASSERT_EQ(double{middle}, (a + b) / 2);
      const float inf = std::numeric_limits<float>::infinity();
      ASSERT_EQ(from_float<TypeParam>(middle), bits % 2 == 0 ? low : high) << bits;
      ASSERT_EQ(from_float<TypeParam>(std::nextafterf(middle, sign ? inf : -inf)), low) << bits;
      ASSERT_EQ(from_float<TypeParam>(std::nextafterf(middle, sign ? -inf : inf)), high) << bits;
    }
  }
}

TYPED_TEST(NumberType, InfinityAndTheLargestFloat) {
  const float inf = std::numeric_limits<float>::infinity();
  for (const float x : {inf, std::numeric_limits<float>::max()}) {
    EXPECT_EQ(to_float(from_float<TypeParam>(x)), inf);
    EXPECT_EQ(to_float(from_float<TypeParam>(-x)), -inf);
  }
}

// NaN whose mantissa has only low bits must not become infinity, and comes out quiet.
TYPED_TEST(NumberType, EveryNanStaysNanAndIsQuiet) {
  for (const std::uint32_t bits : {0x7f800001u, 0x7fc00000u, 0xff800001u, 0xffffffffu}) {
    const TypeParam x = from_float<TypeParam>(std::bit_cast<float>(bits));
    EXPECT_TRUE(std::isnan(by_definition(x))) << bits;
    EXPECT_TRUE(x.bits & (1u << (Format<TypeParam>::kMantissa - 1))) << bits;
    EXPECT_EQ(x.bits >> 15, bits >> 31) << "sign";
  }
}

TEST(NumberTypes, GoldenBits) {
  EXPECT_EQ(from_float<Half>(1.0f).bits, 0x3c00);
  EXPECT_EQ(from_float<Half>(-0.1f).bits, 0xae66);
  EXPECT_EQ(from_float<Half>(65504.0f).bits, 0x7bff);
  EXPECT_EQ(from_float<Half>(65520.0f).bits, 0x7c00);
  EXPECT_EQ(from_float<Half>(0x1p-24f).bits, 0x0001);
  EXPECT_EQ(from_float<BFloat16>(1.0f).bits, 0x3f80);
  EXPECT_EQ(from_float<BFloat16>(-0.1f).bits, 0xbdcd);
  EXPECT_EQ(from_float<float>(0.1f), 0.1f);
}

}  // namespace
}  // namespace roste
