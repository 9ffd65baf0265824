#include "reference_trainer/roste/search.h"

#include <optional>

namespace trainer {
namespace {

using Masks = std::vector<RotationMask>;

// The best masks among those with R1 as in `r1`. For a given R1 no term reads the rotations of two
// layers, so each layer is decided alone.
Masks best_given_r1(const ErrorTable& table, std::size_t layers, RotationMask r1,
                    ErrorScale scale) {
  std::vector<std::array<double, 16>> sums(layers, std::array<double, 16>{});
  for (const ErrorTerm& term : table.terms) {
    for (unsigned bits = 0; bits < 16; ++bits)
      sums[term.layer][bits] += term_value(term, RotationMask(bits), scale);
  }
  Masks best(layers, r1);
  for (std::size_t i = 0; i < layers; ++i) {
    for (const RotationMask mask : masks_by_count()) {
      if (mask.r(1) == r1.r(1) && sums[i][mask.bits()] < sums[i][best[i].bits()]) best[i] = mask;
    }
  }
  return best;
}

Masks search_per_layer(const ErrorTable& table, std::size_t layers, ErrorScale scale) {
  Masks without = best_given_r1(table, layers, RotationMask(), scale);
  Masks with = best_given_r1(table, layers, RotationMask(1), scale);
  return objective(table, with, scale) < objective(table, without, scale) ? with : without;
}

// Variable 0 is R1; then R2, R3 and R4 of each layer.
void flip(std::size_t variable, Masks& masks) {
  if (variable == 0) {
    for (RotationMask& mask : masks) mask = RotationMask(mask.bits() ^ 1u);
    return;
  }
  RotationMask& mask = masks[(variable - 1) / 3];
  mask = RotationMask(mask.bits() ^ (2u << ((variable - 1) % 3)));
}

// The neighbour of `masks` with the smallest objective below `value`, the first of equals.
std::optional<Masks> best_flip(const ErrorTable& table, const Masks& masks, ErrorScale scale,
                               double& value) {
  std::optional<Masks> best;
  for (std::size_t variable = 0; variable <= 3 * masks.size(); ++variable) {
    Masks flipped = masks;
    flip(variable, flipped);
    const double candidate = objective(table, flipped, scale);
    if (candidate >= value) continue;
    value = candidate;
    best = std::move(flipped);
  }
  return best;
}

Masks search_greedy(const ErrorTable& table, std::size_t layers, ErrorScale scale) {
  Masks masks(layers);
  double value = objective(table, masks, scale);
  // Ends, since every turn lowers `value` and there are finitely many masks.
  while (auto better = best_flip(table, masks, scale, value)) masks = *std::move(better);
  return masks;
}

Masks search_masks(const ErrorTable& table, std::size_t layers, const SearchSettings& settings) {
  switch (settings.mode) {
    case SearchMode::kPerLayer:
      return search_per_layer(table, layers, settings.objective);
    case SearchMode::kGreedy:
      return search_greedy(table, layers, settings.objective);
    case SearchMode::kShared:
      break;
  }
  return Masks(layers, search_shared(table, settings.objective).best);
}

}  // namespace

SearchResult choose_rotations(const ErrorTable& table, std::size_t layers,
                              const SearchSettings& settings) {
  SearchResult result{settings, search_masks(table, layers, settings)};
  result.before = objective(table, RotationMask(), settings.objective);
  result.after = objective(table, result.layers, settings.objective);
  return result;
}

}  // namespace trainer
