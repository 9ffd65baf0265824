// Where an FP8 product of codes is the integer sum: the bound against a model of the accumulator.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "roste/core/signs.h"
#include "tests/cuda/fp8_accumulator.h"

namespace roste::cuda {
namespace {

using testing::product_of;
using testing::value_of;

TEST(E4m3, IntegersToSixteenAreExact) {
  for (int u = -kLargestE4m3Integer; u <= kLargestE4m3Integer; ++u) {
    EXPECT_EQ(value_of(e4m3_of(u)), u);
  }
  EXPECT_EQ(e4m3_of(0).bits, 0x00);
  EXPECT_EQ(e4m3_of(1).bits, 0x38);
  EXPECT_EQ(e4m3_of(-15).bits, 0xd7);
  EXPECT_EQ(e4m3_of(16).bits, 0x58);
}

TEST(ChunkBound, StandsJustBelowTheAccumulatorsLastExactInteger) {
  EXPECT_TRUE(chunk_is_exact(kExactBelow, kExactBelow - 1));
  EXPECT_FALSE(chunk_is_exact(kExactBelow, kExactBelow));
  EXPECT_EQ(testing::kept(kExactBelow - 1), kExactBelow - 1);
  EXPECT_NE(testing::kept(kExactBelow + 1), kExactBelow + 1);
}

std::vector<std::int32_t> integers(std::uint64_t seed, std::int64_t count, std::int32_t largest) {
  std::vector<std::int32_t> result;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint64_t bits = random_bits(seed, static_cast<std::uint64_t>(i)) >> 8;
    result.push_back(static_cast<std::int32_t>(bits % (2 * static_cast<unsigned>(largest) + 1)) -
                     largest);
  }
  return result;
}

std::vector<E4m3> encoded(const std::vector<std::int32_t>& integers) {
  std::vector<E4m3> result;
  for (const std::int32_t u : integers) result.push_back(e4m3_of(u));
  return result;
}

std::int64_t exact(const std::vector<std::int32_t>& x, const std::vector<std::int32_t>& w) {
  std::int64_t sum = 0;
  for (std::size_t k = 0; k < x.size(); ++k) sum += std::int64_t{x[k]} * w[k];
  return sum;
}

std::vector<std::int32_t> squares(const std::vector<std::int32_t>& w) {
  std::vector<std::int32_t> result((w.size() + kChunkColumns - 1) / kChunkColumns);
  for (std::size_t k = 0; k < w.size(); ++k) result[k / kChunkColumns] += w[k] * w[k];
  return result;
}

TEST(ProductRoute, FP8IsExactWhereTheBoundHolds) {
  int taken = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::int32_t largest = static_cast<std::int32_t>(seed % 16) + 1;
    const std::int64_t columns = 1 + static_cast<std::int64_t>(seed) * 29;
    const auto x = integers(seed, columns, 15), w = integers(seed + 1000, columns, largest);
    if (product_route(columns, 15, largest, squares(w)) != ProductRoute::kFp8) continue;
    ++taken;
    EXPECT_EQ(product_of(encoded(x), encoded(w)), static_cast<float>(exact(x, w)));
  }
  EXPECT_GT(taken, 100);
}

// The worst data that the bound accepts: every product of one sign and as large as can be.
TEST(ProductRoute, FP8IsExactAtTheEdgeOfTheBound) {
  const std::vector<std::int32_t> x(kChunkColumns, 15), w(kChunkColumns, 8);  // sum 15360 < 2^14
  EXPECT_EQ(product_route(kChunkColumns, 15, 8, squares(w)), ProductRoute::kFp8);
  EXPECT_EQ(product_of(encoded(x), encoded(w)), 15360.0f);
}

// And data beyond it, for which the accumulator loses units: the bound is needed.
TEST(ProductRoute, Int8WhereFP8LosesUnits) {
  const std::vector<std::int32_t> x(kChunkColumns, 15), w(kChunkColumns, 15);
  EXPECT_EQ(product_route(kChunkColumns, 15, 15, squares(w)), ProductRoute::kInt8);
  EXPECT_NE(product_of(encoded(x), encoded(w)), static_cast<float>(exact(x, w)));
}

TEST(ProductRoute, Int8ForOperandsBeyondE4m3OrTooManyChunks) {
  const std::vector<std::int32_t> zeros(1, 0);
  EXPECT_EQ(product_route(1, 17, 1, zeros), ProductRoute::kInt8);
  EXPECT_EQ(product_route(1, 1, 17, zeros), ProductRoute::kInt8);
  EXPECT_EQ(product_route(1, 16, 16, zeros), ProductRoute::kFp8);
  const std::vector<std::int32_t> many(1024, 0), more(1025, 0);
  EXPECT_EQ(product_route(1024 * kChunkColumns, 1, 1, many), ProductRoute::kFp8);
  EXPECT_EQ(product_route(1025 * kChunkColumns, 1, 1, more), ProductRoute::kInt8);
}

// The last chunk is shorter, so its activations are bounded by fewer columns.
TEST(ProductRoute, AShorterLastChunk) {
  const std::int32_t squares_w = 128 * 15 * 15;  // as if 128 columns of weights were in 8
  EXPECT_EQ(product_route(8, 15, 15, std::vector<std::int32_t>{squares_w}), ProductRoute::kFp8);
  EXPECT_EQ(product_route(128, 15, 15, std::vector<std::int32_t>{squares_w}), ProductRoute::kInt8);
}

}  // namespace
}  // namespace roste::cuda
