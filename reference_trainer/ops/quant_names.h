// The words for the choices of a quantizer, the same in flags, recipes, roste.json and logs.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "reference_trainer/ops/quant.h"

namespace trainer {

// Indexed by the enumerators.
inline constexpr std::array<std::string_view, 2> kSymmetryNames = {"asymmetric", "symmetric"};
inline constexpr std::array<std::string_view, 3> kRangeNames = {"zero_included", "tight",
                                                                "paper_eq4"};

constexpr std::string_view name_of(Symmetry symmetry) {
  return kSymmetryNames[static_cast<std::size_t>(symmetry)];
}

constexpr std::string_view name_of(Range range) {
  return kRangeNames[static_cast<std::size_t>(range)];
}

}  // namespace trainer
