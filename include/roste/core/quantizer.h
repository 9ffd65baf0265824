// From a QuantSpec to the numbers that loops need.
#pragma once

#include <concepts>
#include <cstdint>
#include <stdexcept>

#include "roste/core/grid.h"
#include "roste/core/groups.h"
#include "roste/core/spec.h"

namespace roste {

// A quantizer of matrices, at run time. Every QuantSpec becomes one of these, so one compiled
// kernel serves them all.
struct Scheme {
  Grid grid;
  Grouping grouping;
};

namespace detail {

template <QuantizerSpec Spec>
constexpr RangeRule rule_of() {
  if constexpr (std::same_as<typename Spec::Symmetry, Symmetric>) return RangeRule::kSymmetric;
  if constexpr (std::same_as<typename Spec::Range, TightRange>) return RangeRule::kTight;
  if constexpr (std::same_as<typename Spec::Range, PaperEq4>) return RangeRule::kPaperEq4;
  return RangeRule::kZeroIncluded;
}

}  // namespace detail

// Quantizer<QuantSpec<4, Asymmetric, PerRow>>{}: a spec and its run-time numbers. Hand it to the
// verbs of roste::cpu wherever they ask for a Scheme.
template <QuantizerSpec Spec>
class Quantizer {
  using Granularity = typename Spec::Granularity;
  static constexpr bool kDynamicGroup = kIsDynamicGroup<Granularity>;

 public:
  // clip: c of eqs. (2), (4), in (0, 1]. Throws std::invalid_argument.
  explicit Quantizer(float clip = 1.0f) requires(!kDynamicGroup)
      : scheme_{make_grid(detail::rule_of<Spec>(), Spec::bits, clip), fixed_grouping()} {}

  // For PerGroup<kDynamic>: group_size values share a scale.
  explicit Quantizer(std::int64_t group_size, float clip = 1.0f) requires(kDynamicGroup)
      : scheme_{make_grid(detail::rule_of<Spec>(), Spec::bits, clip),
                {Grouping::Kind::kGroup, group_size, Granularity::tail}} {
    if (group_size <= 0) throw std::invalid_argument("roste: a group has at least one value");
  }

  const Scheme& scheme() const { return scheme_; }
  operator const Scheme&() const { return scheme_; }

 private:
  static constexpr Grouping fixed_grouping() {
    if constexpr (std::same_as<Granularity, PerTensor>) return {Grouping::Kind::kTensor, 0};
    if constexpr (std::same_as<Granularity, PerRow>) return {Grouping::Kind::kRow, 0};
    if constexpr (kIsPerGroup<Granularity>) {
      return {Grouping::Kind::kGroup, Granularity::size, Granularity::tail};
    }
  }

  Scheme scheme_;
};

}  // namespace roste
