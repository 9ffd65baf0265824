// The paper's claims, put to the test on the results of a study.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference_trainer/report/report_data.h"
#include "reference_trainer/study/cell_result.h"

namespace trainer {

// One side of a claim: the best of `methods` on validation loss, after K = `rounds` outer rounds
// where the method has them.
struct ClaimSide {
  std::vector<Method> methods;
  int rounds = 1;
};

// What has to be so in a seed: a lower test loss, or one that is not higher (two methods that
// choose the same rotations are one).
enum class Order { kBetter, kNoWorse };

// An order in test loss, at equal model, bits and seed.
struct ClaimRule {
  std::string_view text;  // e.g. "RoSTE beats STE"
  ClaimSide better, worse;
  Order order = Order::kBetter;
};

// The paper's claims, and the orders that held at 3 bits in every run of docs/builtin-task.md.
std::vector<ClaimRule> paper_claims();
std::vector<ClaimRule> robust_claims();

// A claim on one model at one setting of bits. It holds when it held in every seed, fails when in
// none; anything between is within noise. Without a seed that counts it is not tested.
struct CheckedClaim {
  std::string_view text;
  std::string model, setting;
  Verdict verdict = Verdict::kNotTested;
  std::size_t held = 0;              // seeds in which it held, of loss.n
  std::size_t left_out = 0;          // seeds with both sides that do not count
  Estimate loss{0, 0, 0, {}};        // test loss of worse minus that of better; positive: the claim
  Estimate rouge{0, 0, 0, {}};       // average ROUGE of better minus that of worse
  std::vector<std::string> sources;  // the cells of loss, as CellResult::directory
};

// Every claim at every (model, setting) where some seed has both of its sides, with test losses,
// and validation losses where one of several is to be chosen. Methods in full precision count at
// every setting. The models and seeds of `left_out` do not count.
std::vector<CheckedClaim> check_claims(const std::vector<ClaimRule>& claims,
                                       const std::vector<CellResult>& results,
                                       const std::vector<CellResult>& left_out);

// A seed means nothing while full-precision fine-tuning sits on a plateau of its loss: with a slot
// of the summary at chance, noise of the plateau is larger than any effect (docs/builtin-task.md).
inline constexpr double kConvergedValidationLoss = 0.06;  // nats per token

// The (model, seed) whose SFT has a higher validation loss than that, or none.
std::vector<CellResult> unconverged(const std::vector<CellResult>& results);

}  // namespace trainer
