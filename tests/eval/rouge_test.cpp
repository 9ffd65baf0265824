// ROUGE against rouge-score 0.1.2 (tests/oracle/make_rouge_golden.py) and by hand.
#include "reference_trainer/eval/rouge.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace trainer {
namespace {

// The same quotients in the same order: 1e-9 is far above the few roundings of 1e-16.
constexpr double kTolerance = 1e-9;

void expect_scores(const RougeScores& scores, const std::array<double, 4>& expected) {
  EXPECT_NEAR(scores.rouge1, expected[0], kTolerance);
  EXPECT_NEAR(scores.rouge2, expected[1], kTolerance);
  EXPECT_NEAR(scores.rouge_l, expected[2], kTolerance);
  EXPECT_NEAR(scores.rouge_lsum, expected[3], kTolerance);
}

TEST(Rouge, GoldenPairs) {
  std::ifstream file(std::filesystem::path(ROSTE_SOURCE_DIR) / "tests/golden/rouge.json");
  const nlohmann::json cases = nlohmann::json::parse(file);
  ASSERT_EQ(cases.size(), 340u);
  for (const nlohmann::json& row : cases) {
    SCOPED_TRACE(row.dump());
    expect_scores(rouge(row[0].get<std::string>(), row[1].get<std::string>()),
                  {row[2], row[3], row[4], row[5]});
  }
}

TEST(Rouge, EmptyTextsScoreZero) {
  for (const auto& [reference, prediction] :
       {std::pair("", ""), std::pair("a", ""), std::pair("", "a"), std::pair("...", "\n\n")}) {
    expect_scores(rouge(reference, prediction), {0, 0, 0, 0});
  }
}

TEST(Rouge, EqualTextsScoreOne) {
  const RougeScores scores = rouge("The cat\nsat.", "the CAT\nsat");
  expect_scores(scores, {1, 1, 1, 1});
  EXPECT_EQ(scores.average(), 1);
}

TEST(Rouge, OneWordHasNoBigram) { expect_scores(rouge("cat", "cat"), {1, 0, 1, 1}); }

// 3 of 4 words, 1 of 3 bigrams; the longest common subsequence is "a b d" of "a b d c".
TEST(Rouge, ByHand) { expect_scores(rouge("a b c d", "a b d x"), {0.75, 1.0 / 3, 0.75, 0.75}); }

// A word counts no more often than the other text has it: 1 hit, P = 1/3, R = 1.
TEST(Rouge, RepeatedWordsAreClipped) { expect_scores(rouge("a", "a a a"), {0.5, 0, 0.5, 0.5}); }

// Sentences in another order: every sentence is found (Lsum), the whole text is not (L).
TEST(Rouge, UnionOverSentences) {
  expect_scores(rouge("a b\nc d", "c d\na b"), {1, 2.0 / 3, 0.5, 1});
}

// Each of the two reference sentences finds "a", but the prediction has it once: 1 hit of 2.
TEST(Rouge, HitsOfSentencesAreNotCountedTwice) {
  EXPECT_NEAR(rouge("a\na", "a").rouge_lsum, 2.0 / 3, kTolerance);
}

// The lower case of the Kelvin sign is k; that of U+0130 is i and a combining dot.
TEST(Rouge, LettersBeyondAscii) {
  expect_scores(rouge("k i x", "\u212a \u0130x"), {1, 1, 1, 1});
  expect_scores(rouge("caf", "caf\u00e9"), {1, 0, 1, 1});
}

// "cats" and "sitting" have the stems of "cat" and "sits"; "was" and "a" are too short to have one.
TEST(Rouge, StemsOfLongerWordsAreCompared) {
  EXPECT_EQ(rouge("cats sitting", "cat sits").rouge1, 0);
  expect_scores(rouge("cats sitting", "cat sits", Stemming::kPorter), {1, 1, 1, 1});
  expect_scores(rouge("was a", "wa a", Stemming::kPorter), {0.5, 0, 0.5, 0.5});
}

}  // namespace
}  // namespace trainer
