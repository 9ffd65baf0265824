// Rounding to bfloat16: to the nearest value, and to one of two neighbours that is drawn.
#include "reference_trainer/ops/bfloat16.h"

#include <gtest/gtest.h>

#include <cmath>

#include "roste/core/signs.h"
#include "tests/ops/tensors.h"

namespace trainer {
namespace {

float from_bits(std::uint32_t bits) { return std::bit_cast<float>(bits); }

TEST(BFloat16, NearestWithTiesToEven) {
  EXPECT_EQ(nearest_bfloat16(1.0f), 0x3f80);
  EXPECT_EQ(nearest_bfloat16(from_bits(0x3f808000)), 0x3f80);  // a tie: down to even
  EXPECT_EQ(nearest_bfloat16(from_bits(0x3f818000)), 0x3f82);  // a tie: up to even
  EXPECT_EQ(nearest_bfloat16(from_bits(0x3f808001)), 0x3f81);
  EXPECT_EQ(nearest_bfloat16(-1.0f), 0xbf80);
  EXPECT_EQ(nearest_bfloat16(-0.0f), 0x8000);
  EXPECT_EQ(nearest_bfloat16(from_bits(0x7f7f7fff)), 0x7f7f);
  EXPECT_EQ(nearest_bfloat16(from_bits(0x7f7fffff)), 0x7f80);  // infinite
  EXPECT_TRUE(std::isnan(float_of_bfloat16(nearest_bfloat16(from_bits(0x7fffffff)))));
  EXPECT_TRUE(std::isnan(float_of_bfloat16(nearest_bfloat16(from_bits(0xff800001)))));
}

TEST(BFloat16, TensorsAreRoundedValueByValue) {
  Cpu cpu(1);
  const Tensor<Cpu> x = test::random_tensor(cpu, 3, 7, 1);
  BFloat16s<Cpu> half;
  round_to_nearest(cpu, x, half);
  for (std::int64_t i = 0; i < x.size(); ++i)
    EXPECT_EQ(half.data()[i], nearest_bfloat16(x.data()[i])) << i;
}

// Every bfloat16 is its own rounding, by either way.
TEST(BFloat16, AllValuesOfTheFormatStay) {
  for (std::uint32_t half = 0; half < 0x10000; ++half) {
    const float x = float_of_bfloat16(static_cast<std::uint16_t>(half));
    const bool nan = (half & 0x7fff) > 0x7f80;
    const std::uint32_t expected = nan ? half | 0x40 : half;
    ASSERT_EQ(nearest_bfloat16(x), expected);
    ASSERT_EQ(stochastic_bfloat16(x, 0), expected);
    ASSERT_EQ(stochastic_bfloat16(x, 0xffff), expected);
  }
}

// All 2^16 draws: away from zero as many times as the lower half says, so the mean is x itself.
TEST(BFloat16, TheMeanOverAllDrawsIsTheValue) {
  const std::uint32_t values[] = {0x3f800001, 0x3f808000, 0x3fffffff, 0xc1234567,
                                  0x00000001, 0x007fffff, 0x80012345, 0x7f7effff};
  for (const std::uint32_t bits : values) {
    const std::uint32_t toward = bits >> 16, away = toward + 1;
    std::uint32_t moved = 0;
    for (std::uint32_t draw = 0; draw < 0x10000; ++draw) {
      const std::uint32_t half = stochastic_bfloat16(from_bits(bits), draw);
      ASSERT_TRUE(half == toward || half == away) << bits;
      moved += half == away;
    }
    EXPECT_EQ(moved, bits & 0xffff) << bits;
  }
}

// Beyond the largest value there is no neighbour to move to.
TEST(BFloat16, DrawsMakeNothingInfinite) {
  for (const std::uint32_t bits : {0x7f7f0001u, 0x7f7fffffu, 0xff7fffffu})
    EXPECT_EQ(stochastic_bfloat16(from_bits(bits), 0xffff), bits >> 16);
  EXPECT_EQ(stochastic_bfloat16(INFINITY, 0xffff), 0x7f80);
  EXPECT_TRUE(std::isnan(float_of_bfloat16(stochastic_bfloat16(from_bits(0x7fffffff), 0xffff))));
}

// Updates of 2^-10 of a value: a quarter of the distance to the nearest tie. The nearest value
// never moves; drawn ones move to the upper neighbour, 2^-7 away, in one of eight cases. Over n
// values their number has mean n/8 and variance 7n/64; 5 deviations are seen once in 10^6 seeds.
TEST(BFloat16, SmallUpdatesAreNotLostOnAverage) {
  Cpu cpu(2);
  constexpr std::int64_t kCount = 1 << 20;
  const Tensor<Cpu> x = test::constant_tensor(cpu, 1024, kCount / 1024, 1.0f + 0x1p-10f);
  BFloat16s<Cpu> nearest, drawn;
  round_to_nearest(cpu, x, nearest);
  round_stochastically(cpu, 7, x, drawn);
  std::int64_t moved = 0;
  for (std::int64_t i = 0; i < kCount; ++i) {
    ASSERT_EQ(nearest.data()[i], 0x3f80);
    ASSERT_TRUE(drawn.data()[i] == 0x3f80 || drawn.data()[i] == 0x3f81);
    moved += drawn.data()[i] == 0x3f81;
  }
  EXPECT_NEAR(static_cast<double>(moved), kCount / 8.0, 5 * std::sqrt(7.0 * kCount / 64));
}

// Each of the four draws of a word serves its own value, and every key has its own draws.
TEST(BFloat16, DrawsAreAddressedByKeyAndPlace) {
  Cpu cpu(1);
  const Tensor<Cpu> x = test::random_tensor(cpu, 3, 67, 4);
  BFloat16s<Cpu> got, other;
  round_stochastically(cpu, 11, x, got);
  round_stochastically(cpu, 12, x, other);
  std::int64_t different = 0;
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const auto place = static_cast<std::uint64_t>(i);
    const std::uint64_t draw = roste::random_bits(11, place / 4) >> 16 * (place % 4) & 0xffff;
    ASSERT_EQ(got.data()[i], stochastic_bfloat16(x.data()[i], static_cast<std::uint32_t>(draw)));
    different += got.data()[i] != other.data()[i];
  }
  EXPECT_GT(different, 0);
}

TEST(BFloat16, CD01_ThreadsDoNotChangeBits) {
  test::expect_same_bits_for_any_threads([](Cpu& cpu) {
    const Tensor<Cpu> x = test::random_tensor(cpu, 130, 517, 4);
    BFloat16s<Cpu> half;
    Tensor<Cpu> nearest, drawn;
    round_to_nearest(cpu, x, half);
    widen(cpu, half, nearest);
    round_stochastically(cpu, 3, x, half);
    widen(cpu, half, drawn);
    std::vector<float> all = test::floats(nearest);
    const std::vector<float> more = test::floats(drawn);
    all.insert(all.end(), more.begin(), more.end());
    return all;
  });
}

}  // namespace
}  // namespace trainer
