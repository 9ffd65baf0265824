// From a scheme that is known when a program runs, read from a model's file say, to the type that
// names it: the one table in which run time meets QuantSpec.
//
// The list is closed: symmetric codes of 2 to 8 bits and asymmetric ones of 1 to 8 bits with each
// of the three ranges, by tensor, by row, or in groups of a size given at run time with either
// Tail: 124 specs. Each instantiates the visitor once; with a visitor of one line the whole list
// adds 0.4 s to what g++ 12 -O2 needs for this header. A program that needs only some of them is
// better served by its own table.
#pragma once

#include <stdexcept>
#include <string>

#include "roste/core/groups.h"
#include "roste/core/quantizer.h"
#include "roste/core/spec.h"

namespace roste {

// A scheme as a file describes it. Every RangeRule stands for a symmetry and a range.
struct SchemeName {
  int bits = 4;
  RangeRule rule = RangeRule::kZeroIncluded;
  Grouping grouping;
  float clip = 1.0f;  // c, in (0, 1]
};

namespace detail {

[[noreturn]] inline void throw_no_such_quantizer(int bits) {
  throw std::invalid_argument("roste: no quantizer of " + std::to_string(bits) +
                              " bits and that symmetry; expected 2 to 8 bits for symmetric codes, "
                              "1 to 8 for asymmetric ones");
}

template <int Bits, class Granularity, class Visitor>
decltype(auto) dispatch_rule(const SchemeName& name, Visitor& visit, auto... size) {
  if constexpr (Bits >= 2) {
    if (name.rule == RangeRule::kSymmetric) {
      return visit(Quantizer<QuantSpec<Bits, Symmetric, Granularity>>(size..., name.clip));
    }
  }
  if (name.rule == RangeRule::kTight) {
    using Spec = QuantSpec<Bits, Asymmetric, Granularity, TightRange>;
    return visit(Quantizer<Spec>(size..., name.clip));
  }
  if (name.rule == RangeRule::kPaperEq4) {
    using Spec = QuantSpec<Bits, Asymmetric, Granularity, PaperEq4>;
    return visit(Quantizer<Spec>(size..., name.clip));
  }
  if (name.rule != RangeRule::kZeroIncluded) throw_no_such_quantizer(name.bits);
  return visit(Quantizer<QuantSpec<Bits, Asymmetric, Granularity>>(size..., name.clip));
}

template <int Bits, class Visitor>
decltype(auto) dispatch_grouping(const SchemeName& name, Visitor& visit) {
  const Grouping& grouping = name.grouping;
  if (grouping.kind == Grouping::Kind::kTensor) {
    return dispatch_rule<Bits, PerTensor>(name, visit);
  }
  if (grouping.kind == Grouping::Kind::kRow) return dispatch_rule<Bits, PerRow>(name, visit);
  if (grouping.tail == Tail::kShorter) {
    return dispatch_rule<Bits, PerGroup<kDynamic, Tail::kShorter>>(name, visit, grouping.size);
  }
  return dispatch_rule<Bits, PerGroup<kDynamic>>(name, visit, grouping.size);
}

}  // namespace detail

// visit(Quantizer<QuantSpec<...>>) for the spec of that name, and what it returns; the visitor
// returns the same type for every spec. Throws std::invalid_argument for a name outside of the list
// above, or a clipping factor or group size that make_grid and Quantizer refuse.
template <class Visitor>
decltype(auto) dispatch(const SchemeName& name, Visitor&& visit) {
  switch (name.bits) {
    case 1:
      return detail::dispatch_grouping<1>(name, visit);
    case 2:
      return detail::dispatch_grouping<2>(name, visit);
    case 3:
      return detail::dispatch_grouping<3>(name, visit);
    case 4:
      return detail::dispatch_grouping<4>(name, visit);
    case 5:
      return detail::dispatch_grouping<5>(name, visit);
    case 6:
      return detail::dispatch_grouping<6>(name, visit);
    case 7:
      return detail::dispatch_grouping<7>(name, visit);
    case 8:
      return detail::dispatch_grouping<8>(name, visit);
    default:
      detail::throw_no_such_quantizer(name.bits);
  }
}

}  // namespace roste
