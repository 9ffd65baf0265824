// Products with a base H_m whose rows have no order among themselves, in few additions.
//
// A row of H_m needs m - 1 additions when it is summed term by term. Rows share most of their
// partial sums, though: four blocks a, b, c, d have only eight sums +-a +-b +-c +-d up to sign
// ("four Russians": Arlazarov, Dinic, Kronrod, Faradzev, 1970). The order, for every number type:
//
// 1. Blocks are grouped by four in ascending order. For each group
//      p0 = a + b,  p1 = a - b,  q0 = c + d,  q1 = c - d,
//      t0 = p0 + q0,  t1 = p0 - q0,  t2 = p1 + q0,  t3 = p1 - q0,
//      t4 = p0 + q1,  t5 = p0 - q1,  t6 = p1 + q1,  t7 = p1 - q1.
// 2. Row r is the sum over groups, ascending from the first, of sign * t[index], see GroupTerm.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "roste/core/hadamard.h"
#include "roste/core/host_device.h"

namespace roste {

inline constexpr int kGroupBlocks = 4;  // blocks that are summed together
inline constexpr int kGroupSums = 8;    // t0 ... t7

// What one group adds to one row: sum index() of the group, negated where negative() is 1.
struct GroupTerm {
  std::uint8_t bits = 0;

  ROSTE_HD constexpr int index() const { return bits & 7; }
  ROSTE_HD constexpr int negative() const { return bits >> 3; }
};

// The term for the signs of a group's blocks.
ROSTE_HD constexpr GroupTerm group_term(int a, int b, int c, int d) {
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

// A product with a matrix of +1 and -1 whose order is a multiple of 4.
struct GroupedProduct {
  int order = 0;                 // m
  int groups = 0;                // m / 4
  std::vector<GroupTerm> terms;  // [m, groups]
  // The same [groups, stride()], the terms of a group side by side; those behind the last row are
  // 0.
  std::vector<GroupTerm> terms_by_group;

  int stride() const { return (order + 15) / 16 * 16; }  // whole registers of any kernel
};

inline GroupedProduct grouped_product(const SignMatrix& h) {
  GroupedProduct p{h.order, h.order / kGroupBlocks, {}, {}};
  p.terms_by_group.resize(static_cast<std::size_t>(p.groups) *
                          static_cast<std::size_t>(p.stride()));
  for (int row = 0; row < p.order; ++row) {
    for (int group = 0; group < p.groups; ++group) {
      const int b = group * kGroupBlocks;
      const GroupTerm term =
          group_term(h.at(row, b), h.at(row, b + 1), h.at(row, b + 2), h.at(row, b + 3));
      p.terms.push_back(term);
      p.terms_by_group[static_cast<std::size_t>(group * p.stride() + row)] = term;
    }
  }
  return p;
}

}  // namespace roste
