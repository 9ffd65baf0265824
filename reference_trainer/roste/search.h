// The choice of eq. (9): which of the rotations H to use and where to leave the identity, given all
// terms of eq. (12).
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "reference_trainer/roste/error_table.h"

namespace trainer {

enum class SearchMode {
  kShared,    // four variables, shared by all layers: all 16 cases, as section 5 of the paper
  kPerLayer,  // R1 for the model, R2, R3 and R4 for each layer: the exact minimum
  kGreedy,    // the same variables, flipped one at a time from none
};

// The words for them, in flags and files; indexed by the enumerators.
inline constexpr std::array<std::string_view, 3> kSearchModeNames = {"shared", "per_layer",
                                                                     "greedy"};
constexpr std::string_view name_of(SearchMode mode) {
  return kSearchModeNames[static_cast<std::size_t>(mode)];
}

struct SearchSettings {
  SearchMode mode = SearchMode::kShared;
  ErrorScale objective = ErrorScale::kAbsolute;
};

struct SearchResult {
  SearchSettings settings;
  std::vector<RotationMask> layers;  // R1 is the same in every layer
  double before = 0, after = 0;      // the objective without rotations, and with `layers`
};

// Minimises objective(table, masks) over the masks of `layers` layers. Ties go to fewer rotations.
// Deterministic; shared >= greedy need not hold, but both are >= per_layer.
SearchResult choose_rotations(const ErrorTable& table, std::size_t layers,
                              const SearchSettings& settings);

}  // namespace trainer
