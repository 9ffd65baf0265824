// Streams of random numbers: the values that orders of data and initial weights rest on.
#include "reference_trainer/base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>

namespace trainer {
namespace {

// First outputs of the reference implementation of SplitMix64 for the seed 1234567.
TEST(Random, MatchesPublishedSplitMix64) {
  RandomStream draws(1234567);
  EXPECT_EQ(draws.next(), 6457827717110365317u);
  EXPECT_EQ(draws.next(), 3203168211198807973u);
  EXPECT_EQ(draws.next(), 9817491932198370423u);
}

// The finalizer alone: mixing seed + increment is the first output.
TEST(Random, MixedBitsIsTheFinalizer) {
  EXPECT_EQ(mixed_bits(0), 0u);
  EXPECT_EQ(mixed_bits(1234567 + 0x9e3779b97f4a7c15u), 6457827717110365317u);
}

TEST(Random, BelowOneIsZero) {
  RandomStream draws(5);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(draws.below(1), 0u);
}

// 2^64 is 4/3 of this bound: were no draw skipped, each third value would come twice as often. 3000
// draws fall into three classes of 1000; six standard deviations are 6 * sqrt(3000 * 2 / 9) = 155.
TEST(Random, BelowHugeBoundsHasNoBias) {
  RandomStream draws(5);
  std::array<int, 3> counts{};
  for (int i = 0; i < 3000; ++i) {
    const std::uint64_t value = draws.below(std::uint64_t{3} << 62);
    ASSERT_LT(value, std::uint64_t{3} << 62);
    ++counts[value % 3];
  }
  for (const int count : counts) EXPECT_NEAR(count, 1000, 155);
}

// 6000 draws of 6 values: 1000 each; six standard deviations are 6 * sqrt(1000 * 5 / 6) = 173.
TEST(Random, BelowIsUniform) {
  RandomStream draws(7);
  std::array<int, 6> counts{};
  for (int i = 0; i < 6000; ++i) ++counts[draws.below(6)];
  for (const int count : counts) EXPECT_NEAR(count, 1000, 173);
}

// 10000 draws: the mean has the standard deviation 0.01 and the mean square sqrt(2) / 100; six of
// each. One draw in 22 is beyond 2: 455, six standard deviations are 125.
TEST(Random, NormalHasMeanZeroVarianceOneAndTails) {
  RandomStream draws(11);
  double sum = 0, squares = 0;
  int beyond_two = 0;
  for (int i = 0; i < 10000; ++i) {
    const double x = draws.normal();
    sum += x;
    squares += x * x;
    beyond_two += std::abs(x) > 2 ? 1 : 0;
  }
  EXPECT_NEAR(sum / 10000, 0, 0.06);
  EXPECT_NEAR(squares / 10000, 1, 0.085);
  EXPECT_NEAR(beyond_two, 455, 125);
}

TEST(Random, ShuffleReachesEveryOrder) {
  std::set<std::vector<int>> orders;
  RandomStream draws(7);
  for (int i = 0; i < 200; ++i) {
    std::vector<int> items = {0, 1, 2};
    shuffle(draws, items);
    orders.insert(items);
  }
  EXPECT_EQ(orders.size(), 6u);
}

}  // namespace
}  // namespace trainer
