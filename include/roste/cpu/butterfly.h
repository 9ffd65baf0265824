// The loops behind rotate.h: unnormalised Hadamard products with a pinned order of additions, so
// that rows, columns, tiles and thread counts give the same bits.
//
// A vector of m 2^k numbers first passes the k butterfly stages of strides 1, 2, 4, ... inside each
// of its m blocks, then the sums over blocks of H_m in ascending order of the block.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "roste/core/hadamard.h"

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

// H_m as numbers of the data's type, plain or transposed: product with it is eq. (19)'s H or H^T.
template <class T>
struct DenseBase {
  int order = 1;
  std::vector<T> entries;  // [m, m]
};

enum class Side { kPlain, kTransposed };

template <class T>
DenseBase<T> dense_base(const SignMatrix& base, Side side) {
  DenseBase<T> dense{base.order, {}};
  dense.entries.reserve(base.entries.size());
  for (int i = 0; i < base.order; ++i) {
    for (int j = 0; j < base.order; ++j) {
      dense.entries.push_back(static_cast<T>(side == Side::kPlain ? base.at(i, j) : base.at(j, i)));
    }
  }
  return dense;
}

// out[row] := sum over b of base[row][b] x[b], each x[b] and out[row] being `lanes` <= 16 numbers;
// out is [m, 16]. Products with +1 and -1 are exact.
template <class Count, class T>
void mix_lanes(const DenseBase<T>& base, const T* x, std::int64_t block_stride, Count lanes,
               T* __restrict out) {
  for (int row = 0; row < base.order; ++row) {
    T sums[kChunk] = {};
    const T* signs = base.entries.data() + row * base.order;
    for (int b = 0; b < base.order; ++b) {
      const T sign = signs[b];
      const T* block = x + b * block_stride;
      for (std::int64_t i = 0; i < lanes; ++i) sums[i] += sign * block[i];
    }
    for (std::int64_t i = 0; i < lanes; ++i) out[row * kChunk + i] = sums[i];
  }
}

// x := (base (x) I) x over m blocks of `width` contiguous numbers that start `block_stride` apart.
// `scratch` holds m * 16 numbers.
template <class T>
void mix_blocks(const DenseBase<T>& base, T* x, std::int64_t block_stride, std::int64_t width,
                T* scratch) {
  for (std::int64_t first = 0; first < width; first += kChunk) {
    const std::int64_t lanes = std::min(kChunk, width - first);
    if (lanes == kChunk) {  // a trip count known to the compiler keeps the sums in registers
      mix_lanes(base, x + first, block_stride, std::integral_constant<std::int64_t, kChunk>{},
                scratch);
    } else {
      mix_lanes(base, x + first, block_stride, lanes, scratch);
    }
    for (int row = 0; row < base.order; ++row) {
      const T* mixed = scratch + row * kChunk;
      std::copy(mixed, mixed + lanes, x + first + row * block_stride);
    }
  }
}

}  // namespace roste::cpu::detail
