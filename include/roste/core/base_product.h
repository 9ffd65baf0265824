// The product with the base H_m of a rotation, in an order of additions that every device follows:
// that of folded_product.h for Paley's second kind, that of grouped_product.h for the others.
#pragma once

#include <cstdint>
#include <vector>

#include "roste/core/folded_product.h"
#include "roste/core/grouped_product.h"
#include "roste/core/hadamard.h"

namespace roste {

// A product with H_m or its transpose. Nothing for m = 1.
struct BaseProduct {
  int order = 1;  // m
  GroupedProduct grouped;
  FoldedProduct folded;

  bool is_folded() const { return folded.quads > 0; }
  // The sums are so many times the product.
  int multiple() const { return is_folded() ? 2 : 1; }
  // Sums that all rows share at each position inside of a block, and how many numbers each is: one
  // over u and one over v, or one.
  int sums() const { return is_folded() ? folded.zero_sum() + 1 : grouped.groups * kGroupSums; }
  int width() const { return is_folded() ? 2 : 1; }
};

namespace detail {

inline SignMatrix transpose(const SignMatrix& h) {
  SignMatrix t{h.order, {}};
  t.entries.reserve(h.entries.size());
  for (int i = 0; i < h.order; ++i) {
    for (int j = 0; j < h.order; ++j) t.entries.push_back(static_cast<std::int8_t>(h.at(j, i)));
  }
  return t;
}

}  // namespace detail

enum class Side { kPlain, kTransposed };

// The product with the H_m of hadamard_factorization, or with its transpose.
inline BaseProduct base_product(const SignMatrix& base, Side side) {
  if (base.order == 1) return {};
  if (base_kind(base.order) == BaseKind::kPaleySecond)
    return {base.order, {}, folded_product(base)};
  return {base.order, grouped_product(side == Side::kPlain ? base : detail::transpose(base)), {}};
}

}  // namespace roste
