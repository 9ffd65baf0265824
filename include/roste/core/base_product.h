// Products with the base H_m of a rotation in few additions, in an order that every device follows.
//
// A row of H_m needs m - 1 additions when it is summed term by term. Rows share most of their
// partial sums, though: four blocks a, b, c, d have only eight sums +-a +-b +-c +-d up to sign
// ("four Russians": Arlazarov, Dinic, Kronrod, Faradzev, 1970). The order, for every number type:
//
// 1. Blocks are grouped by four in ascending order. For each group
//      p0 = a + b,  p1 = a - b,  q0 = c + d,  q1 = c - d,
//      t0 = p0 + q0,  t1 = p0 - q0,  t2 = p1 + q0,  t3 = p1 - q0,
//      t4 = p0 + q1,  t5 = p0 - q1,  t6 = p1 + q1,  t7 = p1 - q1.
//    A last group of two blocks has t0 = a + b and t2 = a - b alone.
// 2. Row r is the sum over groups, ascending from the first, of sign * t[index], see BaseTerm.
// 3. Paley's second construction works on pairs of blocks, because
//      H = C (x) [[1, 1], [1, -1]] + I (x) [[1, -1], [-1, -1]].
//    With u_j = x_2j + x_2j+1 and v_j = x_2j - x_2j+1, steps 1 and 2 are taken for the m / 2 blocks
//    of u and of v with the signs of C - I, and row 2i is its sum over u plus 2 x_2i, row 2i + 1
//    its sum over v minus 2 x_2i+1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "roste/core/hadamard.h"
#include "roste/core/host_device.h"

namespace roste {

inline constexpr int kGroupBlocks = 4;  // blocks that are summed together
inline constexpr int kGroupSums = 8;    // t0 ... t7

// What one group adds to one row: sums index() of the group, negated where negative() is 1.
struct BaseTerm {
  std::uint8_t bits = 0;

  ROSTE_HD constexpr int index() const { return bits & 7; }
  ROSTE_HD constexpr int negative() const { return bits >> 3; }
};

// The term for the signs of a group's blocks; c = d = a in a group of two.
ROSTE_HD constexpr BaseTerm base_term(int a, int b, int c, int d) {
  const int minus_b = a * b < 0, minus_q = a * c < 0, uses_q1 = c * d < 0;
  return {static_cast<std::uint8_t>(8 * (a < 0) + 4 * uses_q1 + 2 * minus_b + minus_q)};
}

// t[0 ... 7] of step 1.
template <class T>
ROSTE_HD constexpr void group_sums(T a, T b, T c, T d, T* t) {
  const T p0 = a + b, p1 = a - b, q0 = c + d, q1 = c - d;
  t[0] = p0 + q0;
  t[1] = p0 - q0;
  t[2] = p1 + q0;
  t[3] = p1 - q0;
  t[4] = p0 + q1;
  t[5] = p0 - q1;
  t[6] = p1 + q1;
  t[7] = p1 - q1;
}

// A product with H_m or its transpose. Empty for m = 1.
struct BaseProduct {
  int order = 1;                // m
  int width = 1;                // values that lie side by side: 2 where blocks are paired, else 1
  int columns = 1;              // blocks that are grouped: m / width; also the rows of `terms`
  int groups = 0;               // ceil(columns / 4)
  std::vector<BaseTerm> terms;  // [columns, groups]
  // The same [groups, stride()], the terms of a group side by side; those behind the last row are
  // 0.
  std::vector<BaseTerm> terms_by_group;

  bool paired() const { return width == 2; }
  int stride() const { return (columns + 15) / 16 * 16; }  // whole registers of any kernel
  // Numbers that the table of step 1 takes for each position inside of a block.
  int table_size() const { return groups * kGroupSums * width; }
};

namespace detail {

inline BaseProduct grouped_terms(const SignMatrix& signs, int width) {
  BaseProduct p{signs.order * width, width, signs.order, (signs.order + 3) / kGroupBlocks, {}, {}};
  p.terms_by_group.resize(static_cast<std::size_t>(p.groups) *
                          static_cast<std::size_t>(p.stride()));
  for (int row = 0; row < signs.order; ++row) {
    for (int first = 0; first < signs.order; first += kGroupBlocks) {
      const int a = signs.at(row, first), b = signs.at(row, first + 1);
      const bool four = first + kGroupBlocks <= signs.order;
      const BaseTerm term =
          base_term(a, b, four ? signs.at(row, first + 2) : a, four ? signs.at(row, first + 3) : a);
      p.terms.push_back(term);
      p.terms_by_group[static_cast<std::size_t>(first / kGroupBlocks * p.stride() + row)] = term;
    }
  }
  return p;
}

inline SignMatrix transpose(const SignMatrix& h) {
  SignMatrix t{h.order, {}};
  t.entries.reserve(h.entries.size());
  for (int i = 0; i < h.order; ++i) {
    for (int j = 0; j < h.order; ++j) t.entries.push_back(static_cast<std::int8_t>(h.at(j, i)));
  }
  return t;
}

// C - I of a matrix of Paley's second kind.
inline SignMatrix conference_minus_identity(const SignMatrix& h) {
  SignMatrix c{h.order / 2, {}};
  for (int i = 0; i < c.order; ++i) {
    for (int j = 0; j < c.order; ++j) {
      c.entries.push_back(static_cast<std::int8_t>(i == j ? -1 : h.at(2 * i, 2 * j)));
    }
  }
  return c;
}

}  // namespace detail

enum class Side { kPlain, kTransposed };

// The product with the H_m of hadamard_factorization, or with its transpose.
inline BaseProduct base_product(const SignMatrix& base, Side side) {
  if (base.order == 1) return {};
  if (base_kind(base.order) == BaseKind::kPaleySecond) {  // symmetric: both sides are the same
    return detail::grouped_terms(detail::conference_minus_identity(base), 2);
  }
  return detail::grouped_terms(side == Side::kPlain ? base : detail::transpose(base), 1);
}

}  // namespace roste
