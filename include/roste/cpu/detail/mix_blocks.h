// The portable products with a base over the blocks of a rotation, in the order of additions of
// core/base_product.h.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "roste/core/base_product.h"
#include "roste/cpu/detail/butterfly.h"

namespace roste::cpu::detail {

// Blocks that the base mixes, kChunk numbers of each at most: block b starts at x + b * stride.
template <class T>
struct Blocks {
  T* x;
  std::int64_t stride;
  T* block(int b) const { return x + b * stride; }
};

// Step 1 of grouped_product.h: table [groups, 8, 16].
template <class T, class Count>
void fill_group_sums(const GroupedProduct& base, Blocks<T> blocks, Count lanes, T* table) {
  for (int group = 0; group < base.groups; ++group, table += kGroupSums * kChunk) {
    const T* a = blocks.block(group * kGroupBlocks);
    const T *b = a + blocks.stride, *c = b + blocks.stride, *d = c + blocks.stride;
    for (std::int64_t i = 0; i < lanes; ++i) {
      T sums[kGroupSums];
      group_sums(a[i], b[i], c[i], d[i], sums);
      for (int t = 0; t < kGroupSums; ++t) table[t * kChunk + i] = sums[t];
    }
  }
}

template <class T, class Count>
void mix_lanes(const GroupedProduct& base, Blocks<T> blocks, Count lanes, T* table) {
  fill_group_sums(base, blocks, lanes, table);
  const GroupTerm* term = base.terms.data();
  for (int row = 0; row < base.order; ++row) {
    T sums[kChunk] = {};
    for (int group = 0; group < base.groups; ++group, ++term) {
      const T sign = term->negative() != 0 ? T{-1} : T{1};
      const T* t = table + (group * kGroupSums + term->index()) * kChunk;
      for (std::int64_t i = 0; i < lanes; ++i) {
        sums[i] = group == 0 ? sign * t[i] : sums[i] + sign * t[i];  // products are exact
      }
    }
    std::copy_n(sums, static_cast<std::int64_t>(lanes), blocks.block(row));
  }
}

// The four blocks of a quad: x0 and x2, x1 and x3 `stride` behind them.
template <class T>
struct Quad {
  Quad(const FoldedProduct& base, Blocks<T> blocks, int number)
      : index(number),
        first(blocks.block(base.blocks[static_cast<std::size_t>(2 * number)])),
        mirrored(blocks.block(base.blocks[static_cast<std::size_t>(2 * number + 1)])),
        stride(blocks.stride) {}
  int index;
  T *first, *mirrored;
  std::int64_t stride;
};

// Step 1 of folded_product.h: value[0 ... 3] of a quad.
template <class T, class Count>
void fold_quad(const Quad<T>& quad, Count lanes, T (&value)[kQuadBlocks][kChunk]) {
  for (std::int64_t i = 0; i < lanes; ++i) {
    const T x0 = quad.first[i], x1 = quad.first[i + quad.stride];
    const T x2 = quad.mirrored[i], x3 = quad.mirrored[i + quad.stride];
    const T u = x0 + x1, v = x0 - x1, u2 = x2 + x3, v2 = x2 - x3;
    value[0][i] = quad.index == 0 ? u : u + u2;
    value[1][i] = quad.index == 0 ? v : v + v2;
    value[2][i] = quad.index == 0 ? u2 : u - u2;
    value[3][i] = quad.index == 0 ? v2 : v - v2;
  }
}

// Step 2 for one pair: t [4, 2, 16] from [2, 16] of a and of b.
template <class T, class Count>
void store_pair_sums(const T (*a)[kChunk], const T (*b)[kChunk], Count lanes, T* t) {
  for (int part = 0; part < 2; ++part, t += kChunk) {
    for (std::int64_t i = 0; i < lanes; ++i) {
      t[i] = a[part][i];
      t[2 * kChunk + i] = b[part][i];
      t[4 * kChunk + i] = a[part][i] + b[part][i];
      t[6 * kChunk + i] = a[part][i] - b[part][i];
    }
  }
}

// The table [sums, 2, 16] of u and v, the last sum 0.
template <class T, class Count>
void fill_pair_sums(const FoldedProduct& base, Blocks<T> blocks, Count lanes, T* table) {
  constexpr std::int64_t kPair = kPairSums * 2 * kChunk;
  T a[kQuadBlocks][kChunk], b[kQuadBlocks][kChunk];
  fold_quad(Quad<T>(base, blocks, 0), lanes, a);
  store_pair_sums(a, a + 2, lanes, table);
  for (int pair = 1; pair < base.even_pairs(); ++pair) {
    fold_quad(Quad<T>(base, blocks, 2 * pair - 1), lanes, a);
    fold_quad(Quad<T>(base, blocks, 2 * pair), lanes, b);
    store_pair_sums(a, b, lanes, table + pair * kPair);
    store_pair_sums(a + 2, b + 2, lanes, table + (base.even_pairs() - 1 + pair) * kPair);
  }
  std::fill_n(table + base.pairs() * kPair, 2 * kChunk, T{0});
}

// Step 3 for one row of a quad: every other term from `term` on.
template <class T, class Count>
void sum_row(const PairTerm* term, int length, const T* table, Count lanes, T (&sums)[2][kChunk]) {
  for (int n = 0; n < length; ++n, term += 2) {
    const T sign = term->negative() != 0 ? T{-1} : T{1};
    const T* t = table + term->index() * 2 * kChunk;
    for (std::int64_t i = 0; i < lanes; ++i) sums[0][i] += sign * t[i];
    for (std::int64_t i = 0; i < lanes; ++i) sums[1][i] += sign * t[kChunk + i];
  }
}
// Step 4 for one row: the quad's own values.
template <class T, class Count>
void add_own(const T* own, int quad, Count lanes, T (&sums)[2][kChunk]) {
  for (std::int64_t i = 0; i < lanes; ++i) {
    const T plus = own[i] + own[kChunk + i], minus = own[i] - own[kChunk + i];
    sums[0][i] = (sums[0][i] + sums[0][i]) + (quad == 0 ? plus + plus : plus);
    sums[1][i] = (sums[1][i] + sums[1][i]) - (quad == 0 ? minus + minus : minus);
  }
}

// A quad's blocks from its two rows.
template <class T, class Count>
void leave_quad(const Quad<T>& quad, const T (&even)[2][kChunk], const T (&odd)[2][kChunk],
                Count lanes) {
  for (int part = 0; part < 2; ++part) {
    T *x = quad.first + part * quad.stride, *y = quad.mirrored + part * quad.stride;
    for (std::int64_t i = 0; i < lanes; ++i) {
      const T e = even[part][i], o = odd[part][i];
      x[i] = quad.index == 0 ? e : e + o;
      y[i] = quad.index == 0 ? o : e - o;
    }
  }
}

template <class T, class Count>
void mix_lanes(const FoldedProduct& base, Blocks<T> blocks, Count lanes, T* table) {
  fill_pair_sums(base, blocks, lanes, table);
  const PairTerm* terms = base.terms.data();
  for (int quad = 0; quad < base.quads; ++quad) {
    const int length = base.lengths[static_cast<std::size_t>(quad)];
    T even[2][kChunk] = {}, odd[2][kChunk] = {};
    sum_row(terms, length, table, lanes, even);
    sum_row(terms + 1, length, table, lanes, odd);
    terms += 2 * length;
    add_own(table + base.own_even(quad) * 2 * kChunk, quad, lanes, even);
    add_own(table + base.own_odd(quad) * 2 * kChunk, quad, lanes, odd);
    leave_quad(Quad<T>(base, blocks, quad), even, odd, lanes);
  }
}

// blocks := base.multiple() (base (x) I) blocks for m blocks of `count` contiguous numbers. The
// table holds base.sums() * base.width() * 16 numbers.
template <class T>
void mix_blocks(const BaseProduct& base, Blocks<T> blocks, std::int64_t count, T* table) {
  const auto mix = [&](Blocks<T> chunk, auto lanes) {
    if (base.is_folded()) return mix_lanes(base.folded, chunk, lanes, table);
    mix_lanes(base.grouped, chunk, lanes, table);
  };
  for (std::int64_t first = 0; first < count; first += kChunk) {
    const std::int64_t lanes = std::min(kChunk, count - first);
    const Blocks<T> chunk{blocks.x + first, blocks.stride};
    // A trip count known to the compiler keeps the sums in registers.
    if (lanes == kChunk) {
      mix(chunk, std::integral_constant<std::int64_t, kChunk>{});
    } else {
      mix(chunk, lanes);
    }
  }
}

}  // namespace roste::cpu::detail
