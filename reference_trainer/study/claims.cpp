#include "reference_trainer/study/claims.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace trainer {
namespace {

using enum Method;

struct Place {
  std::string model, setting;
  auto operator<=>(const Place&) const = default;
};

bool is_of(const CellResult& r, const ClaimSide& side, const Place& place) {
  if (r.cell.model != place.model || r.cell.rounds != side.rounds) return false;
  if (std::ranges::find(side.methods, r.cell.method) == side.methods.end()) return false;
  const bool full = facts_of(r.cell.method).precision == Precision::kFull;
  return full || setting_name(r.cell.quant) == place.setting;
}

// The best of a side, or null: without validation losses nothing is chosen among several.
const CellResult* best_of(const ClaimSide& side, const Place& place, std::uint64_t seed,
                          const std::vector<CellResult>& results) {
  const CellResult* best = nullptr;
  std::size_t candidates = 0;
  for (const CellResult& r : results) {
    if (r.cell.seed != seed || !is_of(r, side, place) || !r.failure.empty()) continue;
    ++candidates;
    if (best == nullptr || is_better(r, *best)) best = &r;
  }
  const bool chosen = candidates <= 1 || !std::isnan(best->validation_loss);
  return chosen ? best : nullptr;
}

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
  if (n == 0) return Verdict::kNotTested;
  if (held == n) return Verdict::kHolds;
  return held == 0 ? Verdict::kFails : Verdict::kWithinNoise;
}

bool counts(const std::string& model, std::uint64_t seed, const std::vector<CellResult>& left_out) {
  return std::ranges::none_of(
      left_out, [&](const CellResult& r) { return r.cell.model == model && r.cell.seed == seed; });
}

// The seeds of a place in which both sides have a test loss, one after the other.
struct Differences {
  std::vector<double> loss, rouge;
  std::size_t left_out = 0;
  std::vector<std::string> sources;
};

Differences differences_of(const ClaimRule& claim, const Place& place,
                           const std::vector<CellResult>& results,
                           const std::vector<CellResult>& left_out) {
  Differences d;
  for (const std::uint64_t seed : seeds_of(place.model, results)) {
    const CellResult* better = best_of(claim.better, place, seed, results);
    const CellResult* worse = best_of(claim.worse, place, seed, results);
    if (better == nullptr || worse == nullptr) continue;
    const double difference = worse->test_loss - better->test_loss;
    if (std::isnan(difference)) continue;
    if (!counts(place.model, seed, left_out)) {
      ++d.left_out;
      continue;
    }
    d.loss.push_back(difference);
    d.rouge.push_back(better->rouge_average() - worse->rouge_average());
    d.sources.push_back(better->directory);
    d.sources.push_back(worse->directory);
  }
  return d;
}

CheckedClaim checked_claim(const ClaimRule& claim, const Place& place, const Differences& d) {
  CheckedClaim r;
  r.text = claim.text;
  r.model = place.model;
  r.setting = place.setting;
  r.left_out = d.left_out;
  r.sources = d.sources;
  r.held = static_cast<std::size_t>(std::ranges::count_if(d.loss, [&](double difference) {
    return claim.order == Order::kNoWorse ? difference >= 0 : difference > 0;
  }));
  r.verdict = verdict_of(r.held, d.loss.size());
  if (d.loss.empty()) return r;
  r.loss = estimate_of(d.loss);
  r.rouge = estimate_of(d.rouge);
  return r;
}

}  // namespace

std::vector<ClaimRule> robust_claims() {
  return {{"SFT beats RoSTE", {{kSft}}, {{kRoste}}},
          {"RoSTE beats STE", {{kRoste}}, {{kSte}}},
          {"RoSTE beats the best rotated PTQ", {{kRoste}}, {{kQuarotRtn, kQuarotGptq, kSpinquant}}},
          {"rotated PTQ beats unrotated PTQ", {{kQuarotRtn, kQuarotGptq}}, {{kRtn, kGptq}}}};
}

std::vector<ClaimRule> paper_claims() {
  using enum Order;
  return {{"RoSTE beats STE", {{kRoste}}, {{kSte}}},
          {"RoSTE beats QuaRot", {{kRoste}}, {{kQuarotGptq, kQuarotRtn}}},
          {"RoSTE beats SpinQuant", {{kRoste}}, {{kSpinquant}}},
          {"RoSTE beats GPTQ", {{kRoste}}, {{kGptq}}},
          {"RoSTE beats LLM-QAT", {{kRoste}}, {{kLlmQat}}},
          {"RoSTE beats LoRA", {{kRoste}}, {{kLora}}},
          {"RoSTE beats RoLoRA", {{kRoste}}, {{kRolora}}},
          {"adaptive is no worse than complete rotation", {{kRoste}}, {{kComplete}}, kNoWorse},
          {"adaptive is no worse than no rotation", {{kRoste}}, {{kSte}}, kNoWorse},
          {"complete beats no rotation", {{kComplete}}, {{kSte}}},
          {"per-layer beats shared rotation", {{kRostePerLayer}}, {{kRoste}}},
          {"K = 2 beats K = 1", {{kRoste}, 2}, {{kRoste}}},
          {"rotated PTQ beats unrotated PTQ", {{kQuarotRtn, kQuarotGptq}}, {{kRtn, kGptq}}},
          {"SFT is no worse than RoSTE", {{kSft}}, {{kRoste}}, kNoWorse}};
}

std::vector<CheckedClaim> check_claims(const std::vector<ClaimRule>& claims,
                                       const std::vector<CellResult>& results,
                                       const std::vector<CellResult>& left_out) {
  std::vector<CheckedClaim> checked;
  for (const Place& place : quantized_places(results)) {
    for (const ClaimRule& claim : claims) {
      const Differences d = differences_of(claim, place, results, left_out);
      if (!d.loss.empty() || d.left_out > 0) checked.push_back(checked_claim(claim, place, d));
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
