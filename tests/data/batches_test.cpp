// Ragged batches, and the order in which samples are seen.
#include "reference_trainer/data/batches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "reference_trainer/data/permutation.h"

namespace trainer {
namespace {

using Order = std::vector<std::int64_t>;

TEST(Batches, RowsPredictTheNextToken) {
  const SftSample first{{10, 11, 12, 13}, {0, 0, 1, 1}, 2, ""};
  const SftSample second{{20, 21, 22}, {0, 1, 0}, 1, ""};
  const SftSample* samples[] = {&first, &second};
  const TokenBatch batch = make_batch(samples);
  EXPECT_EQ(batch.tokens, (std::vector<std::int32_t>{10, 11, 12, 20, 21}));
  EXPECT_EQ(batch.positions, (std::vector<std::int32_t>{0, 1, 2, 0, 1}));
  EXPECT_EQ(batch.targets, (std::vector<std::int32_t>{-1, 12, 13, 21, -1}));
  EXPECT_EQ(batch.begin, (Order{0, 3, 5}));
  EXPECT_EQ(batch.target_count, 3);
}

TEST(Batches, NothingGivesNothing) {
  const TokenBatch none = make_batch({});
  EXPECT_TRUE(none.tokens.empty());
  EXPECT_EQ(none.begin, (Order{0}));
  const SftSample single{{7}, {0}, 1, ""};
  const SftSample* samples[] = {&single};
  EXPECT_EQ(make_batch(samples).begin, (Order{0, 0}));
}

// From an independent evaluation of the definition in permutation.h, in arbitrary precision.
TEST(Permutation, Golden) {
  EXPECT_EQ(permutation(10, 42, 0), (Order{0, 3, 5, 7, 9, 8, 2, 1, 4, 6}));
  EXPECT_EQ(permutation(10, 42, 1), (Order{6, 5, 1, 4, 7, 3, 2, 9, 8, 0}));
  EXPECT_EQ(permutation(10, 43, 0), (Order{2, 5, 1, 3, 9, 7, 6, 8, 0, 4}));
  EXPECT_EQ(permutation(10, 0, 0), (Order{4, 9, 2, 5, 1, 7, 6, 0, 3, 8}));
}

TEST(Permutation, IsAPermutation) {
  for (const std::int64_t count : {0, 1, 2, 3, 1000}) {
    Order order = permutation(count, 7, 3);
    std::sort(order.begin(), order.end());
    Order expected(static_cast<std::size_t>(count));
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(order, expected);
  }
}

// All 24 orders of 4 samples over 24000 epochs: 1000 each; six standard deviations are
// 6 * sqrt(1000 * 23 / 24) = 186.
TEST(Permutation, IsUniform) {
  std::map<Order, int> seen;
  for (std::uint64_t epoch = 0; epoch < 24000; ++epoch) ++seen[permutation(4, 5, epoch)];
  EXPECT_EQ(seen.size(), 24u);
  for (const auto& [order, times] : seen) EXPECT_NEAR(times, 1000, 186);
}

TEST(Batches, StepsAreWindowsOfTheEpochs) {
  Order expected;
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    const Order order = permutation(10, 42, epoch);
    expected.insert(expected.end(), order.begin(), order.end());
  }
  Order seen;
  for (std::int64_t step = 0; step < 10; ++step) {
    const Order indices = batch_indices(10, 3, 42, step);
    seen.insert(seen.end(), indices.begin(), indices.end());
  }
  EXPECT_EQ(seen, expected);
}

// Forwards, backwards, again, and across epochs: what was asked before leaves no trace.
TEST(EpochOrder, AnsweredStepsLeaveNoTrace) {
  EpochOrder order(10, 42);
  for (const std::int64_t step : {0, 1, 2, 3, 4, 2, 9, 0, 0, 100, 3}) {
    EXPECT_EQ(order.batch(3, step), batch_indices(10, 3, 42, step)) << step;
    EXPECT_EQ(order.batch(25, step), batch_indices(10, 25, 42, step)) << step;
  }
}

TEST(Batches, BatchLargerThanTheDataSpansEpochs) {
  Order expected;  // places 7 ... 13 of epochs with three samples each
  for (const std::uint64_t epoch : {2u, 3u, 4u}) {
    const Order order = permutation(3, 9, epoch);
    expected.insert(expected.end(), order.begin(), order.end());
  }
  ASSERT_NE(permutation(3, 9, 3), permutation(3, 9, 4));
  expected.erase(expected.begin());
  expected.pop_back();
  EXPECT_EQ(batch_indices(3, 7, 9, 1), expected);
}

}  // namespace
}  // namespace trainer
