#include "reference_trainer/commands/suggest.h"

#include <gtest/gtest.h>

#include <array>

namespace trainer {
namespace {

TEST(Suggest, EditDistanceOfKnownPairs) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("flaw", "lawn"), 2u);
  EXPECT_EQ(edit_distance("seed", "seed"), 0u);
}

// All words of up to 4 letters over {a, b}: a metric, and never less than the difference in length.
TEST(Suggest, EditDistanceIsAMetric) {
  std::vector<std::string> words = {""};
  for (std::size_t i = 0; i < 15; ++i) {
    words.push_back(words[i] + "a");
    words.push_back(words[i] + "b");
  }
  for (const auto& a : words) {
    for (const auto& b : words) {
      const std::size_t d = edit_distance(a, b);
      EXPECT_EQ(d == 0, a == b);
      EXPECT_EQ(d, edit_distance(b, a));
      EXPECT_GE(d + std::min(a.size(), b.size()), std::max(a.size(), b.size()));
      for (const auto& c : words) EXPECT_LE(d, edit_distance(a, c) + edit_distance(c, b));
    }
  }
}

TEST(Suggest, NearestWordOrNothing) {
  constexpr std::array<std::string_view, 3> kWords = {"learning_rate", "warmup_ratio", "w_bits"};
  EXPECT_EQ(nearest_word("lr_rate", kWords), "");
  EXPECT_EQ(nearest_word("lerning_rate", kWords), "learning_rate");
  EXPECT_EQ(nearest_word("w_bit", kWords), "w_bits");
  EXPECT_EQ(nearest_word("xyzxyz", kWords), "");
  EXPECT_EQ(nearest_word("ab", std::array<std::string_view, 2>{"ac", "ad"}), "ac");
  const std::string endless(1 << 20, 'w');  // would be near itself if it were compared
  EXPECT_EQ(nearest_word(endless, std::array<std::string_view, 1>{endless}), "");
  EXPECT_EQ(nearest_word("seed", {}), "");
}

}  // namespace
}  // namespace trainer
