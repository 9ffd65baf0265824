// Lengths and frequencies of the built-in task, against expectations worked out from its lists.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "reference_trainer/data/builtin_task.h"
#include "reference_trainer/data/builtin_task_words.h"

namespace trainer {
namespace {

constexpr std::uint64_t kSeed = 1;
constexpr std::int64_t kCount = 8000;

std::vector<Post> train_posts() { return make_builtin_task(kSeed, {.train = kCount}).train; }

// Words are joined by single spaces.
double word_count(const std::string& text) {
  return static_cast<double>(1 + std::ranges::count(text, ' '));
}

struct Spread {
  double mean = 0, standard_error = 0, largest = 0;
};

Spread spread_of(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  Spread spread;
  double squares = 0;
  for (const double value : values) {
    spread.mean += value / count;
    spread.largest = std::max(spread.largest, value);
  }
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  spread.standard_error = std::sqrt(squares) / count;
  return spread;
}

TEST(BuiltinTaskStatistics, PostLengthsKeepTheirStatistics) {
  std::vector<double> prompts, completions;
  for (const Post& post : train_posts()) {
    prompts.push_back(word_count(post.prompt));
    completions.push_back(word_count(post.completion));
  }
  // Expected words: tags and subreddit 5, title 4.92, accusation 12.61, duration 7.5, attempt and
  // outcome 11.92, plan 8.61, distractor 0.7 * 11.31, repetition 6.33, filler 0.5 * 6.25.
  const Spread prompt = spread_of(prompts);
  EXPECT_NEAR(prompt.mean, 67.93, 5 * prompt.standard_error);
  EXPECT_LE(prompt.largest, 93);  // the longest choice everywhere
  // 3 + problem 3.44 + 4, attempt 1.25 + outcome 2.83 + 3, ask 2.61 + 1.
  const Spread completion = spread_of(completions);
  EXPECT_NEAR(completion.mean, 21.14, 5 * completion.standard_error);
  EXPECT_LE(completion.largest, 25);
}

TEST(BuiltinTaskStatistics, PretrainingLengthsKeepTheirStatistics) {
  std::vector<double> lengths;
  for (const std::string& document : pretraining_documents(kSeed, kCount)) {
    lengths.push_back(word_count(document));
  }
  // The post 67.93, less 0.3 * 40.64 / 4 for a fact left out, plus 0.6 * 11.87 for a closing, less
  // 0.25 for the missing tag, plus a summary: 0.2 * 7.61 + 0.2 * 8 + 0.1 * 4 + 0.25 * 14.09.
  const Spread spread = spread_of(lengths);
  EXPECT_NEAR(spread.mean, 78.79, 5 * spread.standard_error);
  EXPECT_LE(spread.largest, 131);  // 93, a closing of 13 and a summary of 25
}

// Each outcome is told in one post of six: a binomial count within five standard deviations.
TEST(BuiltinTaskStatistics, OutcomesAreUniform) {
  const std::vector<Post> posts = train_posts();
  const double count = static_cast<double>(posts.size());
  for (const builtin::Paraphrase& outcome : builtin::kOutcomes) {
    const std::string told = " , " + std::string(outcome.in_summary) + " . ";
    const auto seen = std::ranges::count_if(
        posts, [&](const Post& post) { return post.completion.find(told) != std::string::npos; });
    EXPECT_NEAR(static_cast<double>(seen), count / 6, 5 * std::sqrt(count * 5 / 36)) << told;
  }
}

}  // namespace
}  // namespace trainer
