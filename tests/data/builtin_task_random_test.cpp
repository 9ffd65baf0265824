#include "reference_trainer/data/builtin_task_random.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

namespace trainer {
namespace {

TEST(BuiltinTaskRandom, MatchesPublishedSplitMix64) {
  // First outputs of the reference implementation for the seed 1234567.
  builtin::Draws draws(1234567);
  EXPECT_EQ(draws.next(), 6457827717110365317u);
  EXPECT_EQ(draws.next(), 3203168211198807973u);
  EXPECT_EQ(draws.next(), 9817491932198370423u);
}

TEST(BuiltinTaskRandom, StreamsDiffer) {
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    for (std::uint64_t stream = 0; stream < 4; ++stream) {
      for (std::uint64_t item = 0; item < 4; ++item) {
        firsts.insert(builtin::Draws(seed, stream, item).next());
      }
    }
  }
  EXPECT_EQ(firsts.size(), 64u);
}

TEST(BuiltinTaskRandom, PickTwoReachesEveryPairOfDifferentEntries) {
  constexpr int kList[] = {0, 1, 2};
  std::set<std::pair<int, int>> pairs;
  builtin::Draws draws(7);
  for (int i = 0; i < 200; ++i) pairs.insert(draws.pick_two(kList));
  EXPECT_EQ(pairs, (std::set<std::pair<int, int>>{{0, 1}, {0, 2}, {1, 0}, {1, 2}, {2, 0}, {2, 1}}));
}

TEST(BuiltinTaskRandom, ShuffleReachesEveryOrder) {
  std::set<std::vector<int>> orders;
  builtin::Draws draws(7);
  for (int i = 0; i < 200; ++i) {
    std::vector<int> items = {0, 1, 2};
    draws.shuffle(items);
    orders.insert(items);
  }
  EXPECT_EQ(orders.size(), 6u);
}

}  // namespace
}  // namespace trainer
