// Batches of samples of similar length, and packs.
#include "reference_trainer/data/batch_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "reference_trainer/base/random.h"

namespace trainer {
namespace {

using Indices = std::vector<std::int64_t>;

std::vector<SftSample> samples_of(const Indices& lengths) {
  std::vector<SftSample> samples;
  for (const std::int64_t length : lengths) {
    SftSample& sample = samples.emplace_back();
    for (std::int64_t t = 0; t < length; ++t) {
      sample.tokens.push_back(static_cast<TokenId>(100 * samples.size() + t));
      sample.target.push_back(t % 2 == 1);
    }
  }
  return samples;
}

Indices random_lengths(std::int64_t count) {
  RandomStream draws(7);
  Indices lengths;
  for (std::int64_t i = 0; i < count; ++i)
    lengths.push_back(2 + static_cast<std::int64_t>(draws.next() % 60));
  return lengths;
}

TEST(BestFit, TakesTheFullestPackWithRoom) {
  // 7 opens a pack, 5 another; 4 fits the second only, 3 the first, 1 the second; 2 opens a third.
  EXPECT_EQ(pack_best_fit(Indices{1, 2, 3, 4, 5, 7}, 10),
            (std::vector<Indices>{{5, 2}, {4, 3, 0}, {1}}));
  EXPECT_EQ(pack_best_fit(Indices{4, 4, 4}, 8), (std::vector<Indices>{{0, 1}, {2}}));
  EXPECT_TRUE(pack_best_fit(Indices{}, 8).empty());
  EXPECT_THROW(pack_best_fit(Indices{9}, 8), std::invalid_argument);
}

// Best-fit decreasing needs at most 11/9 of the best number of packs, and 6/9 of a pack
// (Johnson 1974; Dosa 2007); the best is at least the sum over the capacity.
TEST(BestFit, EverySampleOnceAndFewPacks) {
  const Indices lengths = random_lengths(1000);
  const auto packs = pack_best_fit(lengths, 64);
  Indices seen;
  for (const Indices& pack : packs) {
    std::int64_t tokens = 0;
    for (const std::int64_t i : pack) tokens += lengths[static_cast<std::size_t>(i)];
    EXPECT_LE(tokens, 64);
    seen.insert(seen.end(), pack.begin(), pack.end());
  }
  std::sort(seen.begin(), seen.end());
  Indices all(1000);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(seen, all);
  const double least = std::accumulate(lengths.begin(), lengths.end(), 0.0) / 64;
  EXPECT_LE(static_cast<double>(packs.size()), 11.0 / 9 * least + 1);
}

TEST(Megabatches, AreSortedInside) {
  Indices order = {4, 2, 0, 1, 3};
  sort_megabatches(Indices{5, 1, 5, 9, 7}, 3, order);
  EXPECT_EQ(order, (Indices{4, 2, 0, 3, 1}));
}

TEST(BatchPlans, ShuffledIsTheOrderOfEpochs) {
  const std::vector<SftSample> samples = samples_of(random_lengths(11));
  BatchPlan plan(samples, {Batching::kShuffled, 0, 2, 3, 9});
  for (std::int64_t step = 0; step < 5; ++step) {
    Indices joined;
    const auto batches = plan.micro_batches(step);
    for (const Indices& batch : batches) {
      EXPECT_EQ(batch.size(), 2u);
      joined.insert(joined.end(), batch.begin(), batch.end());
    }
    EXPECT_EQ(joined, batch_indices(11, 6, 9, step));
  }
}

// Any step alone gives what all steps in turn give; an epoch has every sample once.
void expect_epochs(const std::vector<SftSample>& samples, const BatchSettings& settings) {
  BatchPlan plan(samples, settings);
  const std::int64_t per_step = settings.micro_batch * settings.accumulation;
  ASSERT_EQ(plan.units() % per_step, 0);
  const std::int64_t steps = plan.units() / per_step;
  std::vector<Indices> epochs;
  for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
    Indices& seen = epochs.emplace_back();
    for (std::int64_t step = epoch * steps; step < (epoch + 1) * steps; ++step) {
      const auto batches = plan.micro_batches(step);
      EXPECT_EQ(batches.size(), static_cast<std::size_t>(settings.accumulation));
      EXPECT_EQ(BatchPlan(samples, settings).micro_batches(step), batches);
      for (const Indices& b : batches) seen.insert(seen.end(), b.begin(), b.end());
    }
  }
  EXPECT_NE(epochs[0], epochs[1]);
  for (Indices& seen : epochs) {
    std::sort(seen.begin(), seen.end());
    ASSERT_EQ(seen.size(), samples.size());
    for (std::size_t i = 0; i < seen.size(); ++i) ASSERT_EQ(seen[i], static_cast<std::int64_t>(i));
  }
}

TEST(BatchPlans, GroupedAndPackedEpochs) {
  const std::vector<SftSample> samples = samples_of(random_lengths(600));
  expect_epochs(samples, {Batching::kGroupedByLength, 0, 2, 3, 5});
  expect_epochs(samples, {Batching::kPacked, 64, 1, 1, 5});
}

// Padding that a rectangular batch would need: little when grouped.
TEST(BatchPlans, GroupedBatchesHaveSimilarLengths) {
  const Indices lengths = random_lengths(800);
  const std::vector<SftSample> samples = samples_of(lengths);
  const auto spread = [&](Batching batching) {
    BatchPlan plan(samples, {batching, 0, 8, 1, 5});
    std::int64_t sum = 0;
    for (std::int64_t step = 0; step < 100; ++step) {
      Indices of;
      const auto batches = plan.micro_batches(step);
      for (const std::int64_t i : batches[0]) of.push_back(lengths[static_cast<std::size_t>(i)]);
      sum += *std::max_element(of.begin(), of.end()) - *std::min_element(of.begin(), of.end());
    }
    return sum;
  };
  EXPECT_LT(10 * spread(Batching::kGroupedByLength), spread(Batching::kShuffled));
}

// A pack is its samples one after the other, each a sequence of its own from position 0.
TEST(BatchPlans, PackIsItsSamples) {
  const std::vector<SftSample> samples = samples_of({3, 6, 4, 2});
  BatchPlan plan(samples, {Batching::kPacked, 10, 1, 1, 0});
  ASSERT_EQ(plan.units(), 2);
  for (std::int64_t step = 0; step < 2; ++step) {
    std::vector<const SftSample*> rows;
    const auto batches = plan.micro_batches(step);
    for (const std::int64_t i : batches[0]) rows.push_back(&samples[static_cast<std::size_t>(i)]);
    const TokenBatch expected = make_batch(rows);
    const TokenBatch batch = step_batches(samples, plan, step).at(0);
    EXPECT_EQ(batch.tokens, expected.tokens);
    EXPECT_EQ(batch.positions, expected.positions);
    EXPECT_EQ(batch.targets, expected.targets);
    EXPECT_EQ(batch.begin, expected.begin);
    EXPECT_EQ(batch.target_count, expected.target_count);
  }
}

}  // namespace
}  // namespace trainer
