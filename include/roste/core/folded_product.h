// Products with a base H_m of Paley's second kind in few additions: pairs of blocks, because
//   H = C (x) [[1, 1], [1, -1]] + I (x) [[1, -1], [-1, -1]],
// folded, because C has the same entry for -i, -j as for i, j. Rows x and -x are e + o and e - o of
// a sum e over even values and a sum o over odd ones, whose factors are +1, -1 and, every other
// time, 0. The order, for every number type:
//
// 1. A quad is four blocks x0, x1, x2, x3: two of infinity and two of 0 (quad 0), or two of x and
//    two of -x, x in the order of field_pairs.h. With
//      u = x0 + x1,  v = x0 - x1,  u' = x2 + x3,  v' = x2 - x3
//    quad 0 is (u, v, u', v') and every other one (u + u', v + v', u - u', v - v').
// 2. Quads are taken in pairs. The values a, b of a pair have the sums a, b, a + b, a - b; that is
//    for u and for v, of the even values, which come first in their quads, and of the odd ones.
//    Pair 0 is quad 0 alone, a = u and b = u', and even; pair p consists of quads 2 p - 1 and 2 p.
// 3. A quad has two rows of factors, C - I folded: one over even and one over odd values, in quad 0
//    those of infinity and of 0 over even ones. A row is the sum from 0 over pairs in ascending
//    order of sign * sum[index], without the pairs whose factors are both 0: over u and over v.
// 4. With the even sums e_u, e_v, the odd ones o_u, o_v and the quad's own values (a_u, a_v, b_u,
//    b_v) after step 1, the rows, twice those of H so that nothing is halved, are
//      x0, x2 = E +- O,  E = (e_u + e_u) + (a_u + a_v),  O = (o_u + o_u) + (b_u + b_v),
//      x1, x3 = E +- O,  E = (e_v + e_v) - (a_u - a_v),  O = (o_v + o_v) - (b_u - b_v).
//    In quad 0 the own sums and differences are added to themselves first, and x0, x2 are E, O.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "roste/core/field_pairs.h"
#include "roste/core/hadamard.h"
#include "roste/core/host_device.h"

namespace roste {

inline constexpr int kQuadBlocks = 4;
inline constexpr int kPairSums = 4;  // a, b, a + b, a - b

// What one pair adds to one row: sum index(), counted over all pairs, negated where negative()
// is 1.
struct PairTerm {
  std::uint16_t bits = 0;

  ROSTE_HD constexpr int index() const { return bits >> 1; }
  ROSTE_HD constexpr int negative() const { return bits & 1; }
};

// +1, -1 or 0 for the values a, b of a pair in the two rows of a quad.
struct PairFactors {
  std::int8_t even_a = 0, even_b = 0, odd_a = 0, odd_b = 0;
};

struct FoldedProduct {
  int quads = 0;                     // m / 4, an odd number
  std::vector<int> blocks;           // [quads, 2]: x0 and x2; x1 and x3 are the blocks behind them
  std::vector<PairFactors> factors;  // [quads, even_pairs()]; "odd" are those of 0 in quad 0
  // The terms of each quad, one of its even and one of its odd row in turn: as many of both, the
  // shorter row filled up with zero_sum().
  std::vector<PairTerm> terms;
  std::vector<int> lengths;  // [quads], terms of a row

  // Of sums of even values, then of odd ones, which pair 0 has none of.
  int even_pairs() const { return (quads + 1) / 2; }
  int pairs() const { return quads; }
  int zero_sum() const { return pairs() * kPairSums; }  // the index of a sum that is 0
  // The sums that are a quad's own even and odd value, or its two even ones in quad 0.
  int own_even(int quad) const {
    return quad == 0 ? 0 : (quad + 1) / 2 * kPairSums + (quad + 1) % 2;
  }
  int own_odd(int quad) const {
    return quad == 0 ? 1 : own_even(quad) + (even_pairs() - 1) * kPairSums;
  }
};

namespace detail {

// The rows of C by quads: infinity, 0, and then x, -x; the row of an element x is x + 1.
inline std::vector<int> rows_by_quads(const GaloisField& field) {
  std::vector<int> rows = {0, 1};
  for (const int x : field_pairs(field)) {
    rows.insert(rows.end(), {x + 1, field.subtract(0, x) + 1});
  }
  return rows;
}

// C - I of a matrix of Paley's second kind, rows and columns in another order.
inline SignMatrix conference_minus_identity(const SignMatrix& h, const std::vector<int>& rows) {
  SignMatrix c{h.order / 2, {}};
  for (const int i : rows) {
    for (const int j : rows) {
      c.entries.push_back(static_cast<std::int8_t>(i == j ? -1 : h.at(2 * i, 2 * j)));
    }
  }
  return c;
}

// The factors of a quad's values in the row of its first or of its last two blocks.
inline int even_factor(const SignMatrix& c, int row, int quad) {
  return (c.at(row, 2 * quad) + c.at(row, 2 * quad + 1)) / 2;
}
inline int odd_factor(const SignMatrix& c, int row, int quad) {
  return (c.at(row, 2 * quad) - c.at(row, 2 * quad + 1)) / 2;
}

// The factors of quads a and b in the rows of another.
inline PairFactors pair_factors(const SignMatrix& c, int quad, int a, int b) {
  const auto of = [](int even_a, int even_b, int odd_a, int odd_b) {
    return PairFactors{static_cast<std::int8_t>(even_a), static_cast<std::int8_t>(even_b),
                       static_cast<std::int8_t>(odd_a), static_cast<std::int8_t>(odd_b)};
  };
  const int row = 2 * quad;
  if (quad > 0) {
    return of(even_factor(c, row, a), even_factor(c, row, b), odd_factor(c, row, a),
              odd_factor(c, row, b));
  }
  return of(even_factor(c, 0, a), even_factor(c, 0, b), even_factor(c, 1, a), even_factor(c, 1, b));
}
// Those of infinity and 0.
inline PairFactors first_factors(const SignMatrix& c, int quad) {
  const auto at = [&](int row, int col) { return static_cast<std::int8_t>(c.at(row, col)); };
  if (quad > 0) return {at(2 * quad, 0), at(2 * quad, 1), 0, 0};
  return {at(0, 0), at(0, 1), at(1, 0), at(1, 1)};
}

// Adds what factors a, b of a pair add to a row; the sums of the pair begin with number `sums`.
inline void add_pair_term(int a, int b, int sums, std::vector<PairTerm>& row) {
  if (a == 0 && b == 0) return;
  const int index = b == 0 ? 0 : a == 0 ? 1 : a == b ? 2 : 3;
  const int negative = (a != 0 ? a : b) < 0;
  row.push_back({static_cast<std::uint16_t>(2 * (sums + index) + negative)});
}

// Adds a quad's factors and terms to the product.
inline void add_quad(const SignMatrix& c, int quad, FoldedProduct& p) {
  std::vector<PairTerm> even, odd;
  for (int pair = 0; pair < p.even_pairs(); ++pair) {
    const PairFactors f =
        pair == 0 ? first_factors(c, quad) : pair_factors(c, quad, 2 * pair - 1, 2 * pair);
    const int evens = pair * kPairSums;
    const int odds = quad == 0 ? evens : evens + (p.even_pairs() - 1) * kPairSums;
    add_pair_term(f.even_a, f.even_b, evens, even);
    add_pair_term(f.odd_a, f.odd_b, odds, odd);
    p.factors.push_back(f);
  }
  const std::size_t length = std::max(even.size(), odd.size());
  const PairTerm zero{static_cast<std::uint16_t>(2 * p.zero_sum())};
  even.resize(length, zero);
  odd.resize(length, zero);
  p.lengths.push_back(static_cast<int>(length));
  for (std::size_t i = 0; i < length; ++i) p.terms.insert(p.terms.end(), {even[i], odd[i]});
}

}  // namespace detail

// Of a matrix of Paley's second kind, which is its own transpose.
inline FoldedProduct folded_product(const SignMatrix& h) {
  const std::vector<int> rows = detail::rows_by_quads(GaloisField(h.order / 2 - 1));
  const SignMatrix c = detail::conference_minus_identity(h, rows);
  FoldedProduct p;
  p.quads = h.order / kQuadBlocks;
  for (const int row : rows) p.blocks.push_back(2 * row);
  for (int quad = 0; quad < p.quads; ++quad) detail::add_quad(c, quad, p);
  return p;
}

}  // namespace roste
