#include "reference_trainer/study/claims.h"

#include <gmock/gmock.h>

namespace trainer {
namespace {

CellResult result(Method method, std::uint64_t seed, double loss, const char* setting) {
  CellResult r;
  r.cell.model = "pythia";
  r.cell.seed = seed;
  r.cell.method = method;
  if (facts_of(method).precision == Precision::kQuantized)
    r.cell.quant = parse_setting(setting, {});
  r.validation_loss = r.test_loss = loss;
  r.rouge1 = r.rouge2 = r.rouge_l = r.rouge_lsum = 100 - 10 * loss;
  return r;
}

const CheckedClaim* find(const std::vector<CheckedClaim>& all, std::string_view text) {
  for (const CheckedClaim& r : all) {
    if (r.text == text) return &r;
  }
  return nullptr;
}

TEST(Claims, HoldInAllSomeOrNoSeeds) {
  std::vector<CellResult> results;
  for (const std::uint64_t seed : {0, 1}) {
    results.push_back(result(Method::kSft, seed, 0.1, ""));
    results.push_back(result(Method::kRoste, seed, 0.2, "W3A3KV3"));
    results.push_back(result(Method::kSte, seed, 0.4 + 0.2 * double(seed), "W3A3KV3"));
    results.push_back(result(Method::kGptq, seed, seed == 0 ? 0.1 : 0.9, "W3A3KV3"));
    results.push_back(result(Method::kComplete, seed, 0.15, "W3A3KV3"));
  }
  const auto checked = check_claims(paper_claims(), results, {});

  const CheckedClaim* ste = find(checked, "RoSTE beats STE");
  ASSERT_NE(ste, nullptr);
  EXPECT_EQ(ste->verdict, Verdict::kHolds);
  EXPECT_EQ(ste->setting, "W3A3KV3");
  EXPECT_NEAR(ste->loss.mean, 0.3, 1e-12);
  EXPECT_NEAR(ste->loss.sd, 0.2 / std::sqrt(2.0), 1e-12);
  EXPECT_NEAR(ste->rouge.mean, 3, 1e-12);
  EXPECT_EQ(find(checked, "RoSTE beats GPTQ")->verdict, Verdict::kWithinNoise);
  EXPECT_EQ(find(checked, "RoSTE beats GPTQ")->held, 1u);
  EXPECT_EQ(find(checked, "adaptive is no worse than complete rotation")->verdict, Verdict::kFails);
  EXPECT_EQ(find(checked, "SFT is no worse than RoSTE")->verdict, Verdict::kHolds);
  EXPECT_EQ(find(checked, "RoSTE beats SpinQuant"), nullptr) << "one side was not computed";
}

TEST(Claims, TheBestOfAGroupIsChosenOnValidationNotOnTest) {
  std::vector<CellResult> results = {result(Method::kRoste, 0, 0.2, "W3A3KV3"),
                                     result(Method::kQuarotRtn, 0, 0.3, "W3A3KV3"),
                                     result(Method::kQuarotGptq, 0, 0.4, "W3A3KV3")};
  results[1].test_loss = 0.5;
  const auto checked = check_claims(robust_claims(), results, {});
  EXPECT_NEAR(find(checked, "RoSTE beats the best rotated PTQ")->loss.mean, 0.3, 1e-12);
}

TEST(Claims, OtherBitsAndOtherRoundsAreOtherMatters) {
  std::vector<CellResult> results = {result(Method::kRoste, 0, 0.2, "W3A3KV3"),
                                     result(Method::kSte, 0, 0.1, "W4A4KV4"),
                                     result(Method::kRoste, 0, 0.05, "W4A4KV4")};
  results.push_back(result(Method::kSte, 0, 0.1, "W3A3KV3"));
  results.back().cell.seed = 7;
  results[2].cell.rounds = 2;
  EXPECT_EQ(find(check_claims(paper_claims(), results, {}), "RoSTE beats STE"), nullptr);
}

TEST(Claims, ATableWithoutConvergenceIsRecognised) {
  const std::vector<CellResult> results = {result(Method::kSft, 0, 0.04, ""),
                                           result(Method::kSft, 1, 0.5, ""),
                                           result(Method::kRtn, 2, 5, "W3A3KV3")};
  const auto found = unconverged(results);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].cell.seed, 1u);
}

TEST(Claims, AFineTuningWithoutALossHasNotConverged) {
  const std::vector<CellResult> results = {result(Method::kSft, 0, kNotMeasured, "")};
  EXPECT_EQ(unconverged(results).size(), 1u);
}

// Without validation losses there is no best of several; one alone needs none.
TEST(Claims, NothingIsChosenWithoutValidation) {
  std::vector<CellResult> results = {result(Method::kRoste, 0, 0.2, "W3A3KV3"),
                                     result(Method::kSte, 0, 0.3, "W3A3KV3"),
                                     result(Method::kQuarotRtn, 0, 0.4, "W3A3KV3"),
                                     result(Method::kQuarotGptq, 0, 0.5, "W3A3KV3")};
  for (CellResult& r : results) r.validation_loss = kNotMeasured;
  const auto checked = check_claims(paper_claims(), results, {});
  EXPECT_NE(find(checked, "RoSTE beats STE"), nullptr);
  EXPECT_EQ(find(checked, "RoSTE beats QuaRot"), nullptr);
  results[3].validation_loss = 0.5;
  const auto chosen = check_claims(paper_claims(), results, {});
  ASSERT_NE(find(chosen, "RoSTE beats QuaRot"), nullptr);
  EXPECT_NEAR(find(chosen, "RoSTE beats QuaRot")->loss.mean, 0.3, 1e-12);
}

TEST(Claims, ASeedWithoutATestLossIsLeftOut) {
  std::vector<CellResult> results;
  for (const std::uint64_t seed : {0, 1}) {
    results.push_back(result(Method::kRoste, seed, 0.2, "W3A3KV3"));
    results.push_back(result(Method::kSte, seed, 0.3, "W3A3KV3"));
  }
  results[3].test_loss = kNotMeasured;
  const auto checked = check_claims(paper_claims(), results, {});
  const CheckedClaim* ste = find(checked, "RoSTE beats STE");
  ASSERT_NE(ste, nullptr);
  EXPECT_EQ(ste->loss.n, 1);
  EXPECT_EQ(ste->verdict, Verdict::kHolds);
}

// The paper's list, each at every setting where both sides are.
TEST(Claims, EveryMethodOfThePaperIsComparedAtEverySetting) {
  std::vector<CellResult> results = {result(Method::kSft, 0, 0.01, "")};
  for (const char* setting : {"W3A3KV3", "W4A4KV4"}) {
    for (const MethodFacts& m : kMethods) {
      if (m.precision == Precision::kQuantized)
        results.push_back(result(m.method, 0, m.method == Method::kRoste ? 0.1 : 0.2, setting));
    }
    results.push_back(result(Method::kRoste, 0, 0.05, setting));
    results.back().cell.rounds = 2;
  }
  const auto checked = check_claims(paper_claims(), results, {});
  EXPECT_EQ(checked.size(), 2 * paper_claims().size());
  for (const CheckedClaim& c : checked) {
    const bool is_order =
        c.text.find("RoSTE beats") == 0 || c.text.find("no worse") != std::string_view::npos;
    if (is_order) {
      EXPECT_EQ(c.verdict, Verdict::kHolds) << c.text;
    }
  }
  EXPECT_NEAR(find(checked, "K = 2 beats K = 1")->loss.mean, 0.05, 1e-12);
  EXPECT_EQ(find(checked, "per-layer beats shared rotation")->verdict, Verdict::kFails);
}

// Methods that choose the same rotations are the same numbers.
TEST(Claims, EqualLossesAreNoWorseAndNotBetter) {
  const std::vector<CellResult> results = {result(Method::kRoste, 0, 0.2, "W4A8KV4"),
                                           result(Method::kSte, 0, 0.2, "W4A8KV4"),
                                           result(Method::kComplete, 0, 0.2, "W4A8KV4")};
  const auto checked = check_claims(paper_claims(), results, {});
  EXPECT_EQ(find(checked, "adaptive is no worse than complete rotation")->verdict, Verdict::kHolds);
  EXPECT_EQ(find(checked, "RoSTE beats STE")->verdict, Verdict::kFails);
}

TEST(Claims, SeedsWithoutConvergenceAreCountedAndDoNotCount) {
  std::vector<CellResult> results;
  for (const std::uint64_t seed : {0, 1, 2}) {
    results.push_back(result(Method::kSft, seed, seed == 1 ? 0.5 : 0.01, ""));
    results.push_back(result(Method::kRoste, seed, seed == 1 ? 0.9 : 0.1, "W3A3KV3"));
    results.push_back(result(Method::kSte, seed, 0.2, "W3A3KV3"));
  }
  const auto all = check_claims(paper_claims(), results, unconverged(results));
  const CheckedClaim* ste = find(all, "RoSTE beats STE");
  EXPECT_EQ(ste->verdict, Verdict::kHolds);
  EXPECT_EQ(ste->loss.n, 2);
  EXPECT_EQ(ste->left_out, 1u);

  const std::vector<CellResult> one = {results[3], results[4], results[5]};
  const auto none = check_claims(paper_claims(), one, unconverged(one));
  ASSERT_NE(find(none, "RoSTE beats STE"), nullptr);
  EXPECT_EQ(find(none, "RoSTE beats STE")->verdict, Verdict::kNotTested);
  EXPECT_EQ(find(none, "RoSTE beats STE")->loss.n, 0);
}

TEST(Claims, NameTheCellsTheyComeFrom) {
  std::vector<CellResult> results = {result(Method::kRoste, 0, 0.2, "W3A3KV3"),
                                     result(Method::kSte, 0, 0.3, "W3A3KV3"),
                                     result(Method::kGptq, 0, 0.4, "W3A3KV3")};
  for (CellResult& r : results) r.directory = "cells/" + method_word(r.cell);
  EXPECT_THAT(find(check_claims(paper_claims(), results, {}), "RoSTE beats STE")->sources,
              testing::ElementsAre("cells/roste", "cells/ste"));
}

}  // namespace
}  // namespace trainer
