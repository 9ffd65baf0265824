// The portable loops behind rotate.h: unnormalised Hadamard products in the order of additions that
// core/rotation.h pins, so that rows, columns, tiles, threads and instruction sets give the same
// bits. The kernels in simd/ follow the same order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "roste/core/base_product.h"

namespace roste::cpu::detail {

inline constexpr std::int64_t kChunk = 16;  // floats: two AVX2 registers, one AVX-512 register

// (a, b) := (a + b, a - b) for n pairs.
template <class T>
void butterfly(T* __restrict a, T* __restrict b, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T sum = a[i] + b[i];
    b[i] = a[i] - b[i];
    a[i] = sum;
  }
}

// One stage inside of a chunk that stays in registers. Two buffers, so that the compiler sees plain
// shuffles: exchanging in place measured six times slower.
template <int Stride, class T>
void chunk_stage(const T* from, T* to) {
  for (int i = 0; i < kChunk; i += 2 * Stride) {
    for (int j = i; j < i + Stride; ++j) {
      to[j] = from[j] + from[j + Stride];
      to[j + Stride] = from[j] - from[j + Stride];
    }
  }
}

// Stages 1, 2, 4 and 8 of n contiguous numbers, n a multiple of 16.
template <class T>
void small_stages(T* x, std::int64_t n) {
  for (std::int64_t first = 0; first < n; first += kChunk) {
    T a[kChunk], b[kChunk];
    for (int i = 0; i < kChunk; ++i) a[i] = x[first + i];
    chunk_stage<1>(a, b);
    chunk_stage<2>(b, a);
    chunk_stage<4>(a, b);
    chunk_stage<8>(b, a);
    for (int i = 0; i < kChunk; ++i) x[first + i] = a[i];
  }
}

// x := H_n x for n = 2^k contiguous numbers.
template <class T>
void walsh_hadamard(T* x, std::int64_t n) {
  std::int64_t stride = 1;
  if (n >= kChunk) {
    small_stages(x, n);
    stride = kChunk;
  }
  for (; stride < n; stride *= 2) {
    for (std::int64_t i = 0; i < n; i += 2 * stride) butterfly(x + i, x + i + stride, stride);
  }
}

// The same for every column of x [n, lanes], n = 2^k: a stride of rows is `lanes` numbers wide.
template <class T>
void walsh_hadamard_columns(T* x, std::int64_t n, std::int64_t lanes) {
  for (std::int64_t stride = lanes; stride < n * lanes; stride *= 2) {
    for (std::int64_t i = 0; i < n * lanes; i += 2 * stride)
      butterfly(x + i, x + i + stride, stride);
  }
}

// Blocks that the base mixes: block b starts at x + b * stride.
template <class T>
struct Blocks {
  T* x;
  std::int64_t stride;
};

// block[lane] := block `column` of the values that are grouped; of u (part 0) or v (part 1) where
// blocks are paired.
template <class T, class Count>
void grouped_block(const BaseProduct& base, Blocks<T> blocks, int column, int part, Count lanes,
                   T* block) {
  const T* first = blocks.x + column * base.width * blocks.stride;
  const T* second = first + blocks.stride;
  for (std::int64_t i = 0; i < lanes; ++i) {
    if (!base.paired()) {
      block[i] = first[i];
    } else {
      block[i] = part == 0 ? first[i] + second[i] : first[i] - second[i];
    }
  }
}

// Step 1 of base_product.h: table [groups, 8, width, 16].
template <class T, class Count>
void fill_table(const BaseProduct& base, Blocks<T> blocks, Count lanes, T* table) {
  for (int row = 0; row < base.groups * base.width; ++row) {
    const int group = row / base.width, part = row % base.width;
    T in[kGroupBlocks][kChunk] = {};
    const int count = std::min(kGroupBlocks, base.columns - group * kGroupBlocks);
    for (int b = 0; b < count; ++b) {
      grouped_block(base, blocks, group * kGroupBlocks + b, part, lanes, in[b]);
    }
    T* out = table + (group * kGroupSums * base.width + part) * kChunk;
    for (std::int64_t i = 0; i < lanes; ++i) {
      T sums[kGroupSums];
      group_sums(in[0][i], in[1][i], in[2][i], in[3][i], sums);
      for (int t = 0; t < kGroupSums; ++t) out[t * base.width * kChunk + i] = sums[t];
    }
  }
}

// Steps 2 and 3: row `row` of part `part` from the table, into its block.
template <class T, class Count>
void finish_row(const BaseProduct& base, const T* table, int row, int part, Count lanes, T* block) {
  T sums[kChunk] = {};
  for (int group = 0; group < base.groups; ++group) {
    const BaseTerm term = base.terms[static_cast<std::size_t>(row * base.groups + group)];
    const T sign = term.negative() != 0 ? T{-1} : T{1};
    const T* t = table + ((group * kGroupSums + term.index()) * base.width + part) * kChunk;
    for (std::int64_t i = 0; i < lanes; ++i) {
      sums[i] = group == 0 ? sign * t[i] : sums[i] + sign * t[i];  // products are exact
    }
  }
  for (std::int64_t i = 0; i < lanes; ++i) {
    const T twice = block[i] + block[i];
    if (!base.paired()) {
      block[i] = sums[i];
    } else {
      block[i] = part == 0 ? sums[i] + twice : sums[i] - twice;
    }
  }
}

// blocks := (base (x) I) blocks for `lanes` <= 16 numbers of each block.
template <class T, class Count>
void mix_lanes(const BaseProduct& base, Blocks<T> blocks, Count lanes, T* table) {
  fill_table(base, blocks, lanes, table);
  for (int row = 0; row < base.order; ++row) {
    finish_row(base, table, row / base.width, row % base.width, lanes,
               blocks.x + row * blocks.stride);
  }
}

// blocks := (base (x) I) blocks for m blocks of `count` contiguous numbers. The table holds
// base.table_size() * 16 numbers.
template <class T>
void mix_blocks(const BaseProduct& base, Blocks<T> blocks, std::int64_t count, T* table) {
  for (std::int64_t first = 0; first < count; first += kChunk) {
    const std::int64_t lanes = std::min(kChunk, count - first);
    const Blocks<T> chunk{blocks.x + first, blocks.stride};
    if (lanes == kChunk) {  // a trip count known to the compiler keeps the sums in registers
      mix_lanes(base, chunk, std::integral_constant<std::int64_t, kChunk>{}, table);
    } else {
      mix_lanes(base, chunk, lanes, table);
    }
  }
}

}  // namespace roste::cpu::detail
