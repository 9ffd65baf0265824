#include "reference_trainer/study/claims.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace trainer {
namespace {

using enum Method;

// The best of `methods`, or null: without validation losses nothing is chosen among several.
const CellResult* best_of(const std::vector<Method>& methods, const std::string& model,
                          const std::string& setting, std::uint64_t seed,
                          const std::vector<CellResult>& results) {
  const CellResult* best = nullptr;
  std::size_t candidates = 0;
  for (const CellResult& r : results) {
    if (r.cell.model != model || r.cell.seed != seed || r.cell.rounds != 1) continue;
    if (std::ranges::find(methods, r.cell.method) == methods.end()) continue;
    const bool full = facts_of(r.cell.method).precision == Precision::kFull;
    if (!full && setting_name(r.cell.quant) != setting) continue;
    ++candidates;
    if (best == nullptr || is_better(r, *best)) best = &r;
  }
  const bool chosen = candidates <= 1 || !std::isnan(best->validation_loss);
  return chosen ? best : nullptr;
}

struct Place {
  std::string model, setting;
  auto operator<=>(const Place&) const = default;
};

// In the order in which they occur.
std::vector<Place> quantized_places(const std::vector<CellResult>& results) {
  std::vector<Place> places;
  for (const CellResult& r : results) {
    if (facts_of(r.cell.method).precision == Precision::kFull) continue;
    const Place place{r.cell.model, setting_name(r.cell.quant)};
    if (std::ranges::find(places, place) == places.end()) places.push_back(place);
  }
  return places;
}

std::vector<std::uint64_t> seeds_of(const std::string& model,
                                    const std::vector<CellResult>& results) {
  std::set<std::uint64_t> seeds;
  for (const CellResult& r : results) {
    if (r.cell.model == model) seeds.insert(r.cell.seed);
  }
  return {seeds.begin(), seeds.end()};
}

Verdict verdict_of(std::size_t held, std::size_t n) {
  if (held == n) return Verdict::kHolds;
  return held == 0 ? Verdict::kFails : Verdict::kWithinNoise;
}

}  // namespace

std::vector<ClaimRule> robust_claims() {
  return {{"SFT beats RoSTE", {kSft}, {kRoste}},
          {"RoSTE beats STE", {kRoste}, {kSte}},
          {"RoSTE beats the best rotated PTQ", {kRoste}, {kQuarotRtn, kQuarotGptq, kSpinquant}},
          {"rotated PTQ beats unrotated PTQ", {kQuarotRtn, kQuarotGptq}, {kRtn, kGptq}}};
}

std::vector<ClaimRule> paper_claims() {
  return {{"RoSTE beats STE", {kRoste}, {kSte}},
          {"RoSTE beats QuaRot", {kRoste}, {kQuarotGptq, kQuarotRtn}},
          {"RoSTE beats SpinQuant", {kRoste}, {kSpinquant}},
          {"RoSTE beats GPTQ", {kRoste}, {kGptq}},
          {"RoSTE beats LLM-QAT", {kRoste}, {kLlmQat}},
          {"adaptive beats complete rotation", {kRoste}, {kComplete}},
          {"per-layer beats shared rotation", {kRostePerLayer}, {kRoste}},
          {"rotated PTQ beats unrotated PTQ", {kQuarotRtn, kQuarotGptq}, {kRtn, kGptq}},
          {"SFT beats RoSTE", {kSft}, {kRoste}}};
}

std::string_view name_of(Verdict verdict) {
  return verdict == Verdict::kHolds   ? "held"
         : verdict == Verdict::kFails ? "did not hold"
                                      : "mixed";
}

std::vector<CheckedClaim> check_claims(const std::vector<ClaimRule>& claims,
                                       const std::vector<CellResult>& results) {
  std::vector<CheckedClaim> checked;
  for (const Place& place : quantized_places(results)) {
    for (const ClaimRule& claim : claims) {
      CheckedClaim r{claim.text, place.model, place.setting, Verdict::kWithinNoise, 0, {}, {}};
      std::vector<double> loss, rouge;
      for (const std::uint64_t seed : seeds_of(place.model, results)) {
        const CellResult* better = best_of(claim.better, place.model, place.setting, seed, results);
        const CellResult* worse = best_of(claim.worse, place.model, place.setting, seed, results);
        if (better == nullptr || worse == nullptr) continue;
        const double difference = worse->test_loss - better->test_loss;
        if (std::isnan(difference)) continue;
        loss.push_back(difference);
        rouge.push_back(better->rouge_average() - worse->rouge_average());
      }
      if (loss.empty()) continue;
      r.held = static_cast<std::size_t>(
          std::ranges::count_if(loss, [](double difference) { return difference > 0; }));
      r.loss = estimate_of(loss);
      r.rouge = estimate_of(rouge);
      r.verdict = verdict_of(r.held, loss.size());
      checked.push_back(r);
    }
  }
  return checked;
}

std::vector<CellResult> unconverged(const std::vector<CellResult>& results) {
  std::vector<CellResult> found;
  for (const CellResult& r : results) {
    if (r.cell.method == kSft && !(r.validation_loss <= kConvergedValidationLoss))
      found.push_back(r);
  }
  return found;
}

}  // namespace trainer
