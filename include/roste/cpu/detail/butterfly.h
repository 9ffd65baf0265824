// The portable loops behind rotate.h: unnormalised Hadamard products in the order of additions that
// core/rotation.h pins, so that rows, columns, tiles, threads and instruction sets give the same
// bits. The kernels in simd/ follow the same order.
#pragma once

#include <cstdint>

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

}  // namespace roste::cpu::detail
