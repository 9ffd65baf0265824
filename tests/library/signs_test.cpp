#include <gtest/gtest.h>

#include <cmath>

#include "roste/core/signs.h"

namespace roste {
namespace {

// The published first values of SplitMix64 for the seeds 0 and 1234567.
TEST(Signs, GoldenBits) {
  EXPECT_EQ(random_bits(0, 0), 0xE220A8397B1DCDAFu);
  EXPECT_EQ(random_bits(1234567, 0), 6457827717110365317u);
  EXPECT_EQ(random_bits(1234567, 1), 3203168211198807973u);
  EXPECT_EQ(random_bits(1234567, 4), 16408922859458223821u);
}

TEST(Signs, RO07_SignIsTheTopBit) {
  EXPECT_EQ(random_sign(0, 0), -1);        // 0xE2...
  EXPECT_EQ(random_sign(1234567, 0), 1);   // below 2^63
  EXPECT_EQ(random_sign(1234567, 4), -1);  // above 2^63
}

// |sum| of n fair signs exceeds 5 sqrt(n) with probability below 6e-7.
TEST(Signs, AreBalancedAlongIndicesAndSeeds) {
  const int n = 1 << 16;
  int along_indices = 0, along_seeds = 0, neighbours = 0;
  for (std::uint64_t i = 0; i < n; ++i) {
    along_indices += random_sign(42, i);
    along_seeds += random_sign(i, 3);
    neighbours += random_sign(42, i) * random_sign(42, i + 1);
  }
  const double bound = 5 * std::sqrt(double{n});
  EXPECT_LE(std::abs(along_indices), bound);
  EXPECT_LE(std::abs(along_seeds), bound);
  EXPECT_LE(std::abs(neighbours), bound);
}

}  // namespace
}  // namespace roste
