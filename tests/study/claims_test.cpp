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
  const auto checked = check_claims(paper_claims(), results);

  const CheckedClaim* ste = find(checked, "RoSTE beats STE");
  ASSERT_NE(ste, nullptr);
  EXPECT_EQ(ste->verdict, Verdict::kHolds);
  EXPECT_EQ(ste->setting, "W3A3KV3");
  EXPECT_NEAR(ste->loss.mean, 0.3, 1e-12);
  EXPECT_NEAR(ste->loss.sd, 0.2 / std::sqrt(2.0), 1e-12);
  EXPECT_NEAR(ste->rouge.mean, 3, 1e-12);
  EXPECT_EQ(find(checked, "RoSTE beats GPTQ")->verdict, Verdict::kWithinNoise);
  EXPECT_EQ(find(checked, "RoSTE beats GPTQ")->held, 1u);
  EXPECT_EQ(find(checked, "adaptive beats complete rotation")->verdict, Verdict::kFails);
  EXPECT_EQ(find(checked, "SFT beats RoSTE")->verdict, Verdict::kHolds);
  EXPECT_EQ(find(checked, "RoSTE beats SpinQuant"), nullptr) << "one side was not computed";
}

TEST(Claims, TheBestOfAGroupIsChosenOnValidationNotOnTest) {
  std::vector<CellResult> results = {result(Method::kRoste, 0, 0.2, "W3A3KV3"),
                                     result(Method::kQuarotRtn, 0, 0.3, "W3A3KV3"),
                                     result(Method::kQuarotGptq, 0, 0.4, "W3A3KV3")};
  results[1].test_loss = 0.5;
  const auto checked = check_claims(robust_claims(), results);
  EXPECT_NEAR(find(checked, "RoSTE beats the best rotated PTQ")->loss.mean, 0.3, 1e-12);
}

TEST(Claims, OtherBitsAndOtherRoundsAreOtherMatters) {
  std::vector<CellResult> results = {result(Method::kRoste, 0, 0.2, "W3A3KV3"),
                                     result(Method::kSte, 0, 0.1, "W4A4KV4"),
                                     result(Method::kRoste, 0, 0.05, "W4A4KV4")};
  results.push_back(result(Method::kSte, 0, 0.1, "W3A3KV3"));
  results.back().cell.seed = 7;
  results[2].cell.rounds = 2;
  EXPECT_EQ(find(check_claims(paper_claims(), results), "RoSTE beats STE"), nullptr);
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
  const auto checked = check_claims(paper_claims(), results);
  EXPECT_NE(find(checked, "RoSTE beats STE"), nullptr);
  EXPECT_EQ(find(checked, "RoSTE beats QuaRot"), nullptr);
  results[3].validation_loss = 0.5;
  const auto chosen = check_claims(paper_claims(), results);
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
  const auto checked = check_claims(paper_claims(), results);
  ASSERT_EQ(checked.size(), 1u);
  EXPECT_EQ(checked[0].loss.n, 1);
  EXPECT_EQ(checked[0].verdict, Verdict::kHolds);
}

}  // namespace
}  // namespace trainer
