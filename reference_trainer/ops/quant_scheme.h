// From the settings of a recipe to the library's scheme. Private to the *_cpu.cpp files
// and to algebra on the host.
#pragma once

#include <stdexcept>
#include <string>

#include "reference_trainer/ops/quant.h"
#include "roste/core/quantizer.h"

namespace trainer {

inline roste::RangeRule range_rule(const QuantizerSettings& s) {
  if (s.symmetry == Symmetry::kSymmetric) return roste::RangeRule::kSymmetric;
  if (s.range == Range::kTight) return roste::RangeRule::kTight;
  if (s.range == Range::kPaperEq4) return roste::RangeRule::kPaperEq4;
  return roste::RangeRule::kZeroIncluded;
}

// group_size consecutive values of a row share a scale. Throws std::invalid_argument unless bits
// are 2 ... 8.
inline roste::Scheme scheme_of(const QuantizerSettings& settings, std::int64_t group_size) {
  if (settings.bits < 2 || settings.bits > 8) {
    throw std::invalid_argument("a quantizer of " + std::to_string(settings.bits) +
                                " bits; expected 2 to 8, or 16 for none");
  }
  return {roste::make_grid(range_rule(settings), settings.bits, settings.clip),
          {roste::Grouping::Kind::kGroup, group_size}};
}

}  // namespace trainer
