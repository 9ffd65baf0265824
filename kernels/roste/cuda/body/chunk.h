// The consecutive values that one thread holds, and their way from and to memory.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "roste/core/number_types.h"
#include "roste/cuda/team/kernel_function.h"

#if defined(__CUDACC__)
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#endif

namespace roste::cuda {

template <int kValues>
struct Chunk {
  float v[kValues];
};

namespace detail {

#if defined(__CUDA_ARCH__)
// Number conversions in one instruction; the same bits as core/number_types.h except in NaN.
ROSTE_KERNEL BFloat16 narrowed(float x, BFloat16) {
  return {__bfloat16_as_ushort(__float2bfloat16_rn(x))};
}
ROSTE_KERNEL Half narrowed(float x, Half) { return {__half_as_ushort(__float2half_rn(x))}; }
ROSTE_KERNEL float narrowed(float x, float) { return x; }
ROSTE_KERNEL float widened(Half x) { return __half2float(__ushort_as_half(x.bits)); }
template <class T>
ROSTE_KERNEL float widened(T x) {
  return to_float(x);
}
#else
template <class T>
ROSTE_KERNEL T narrowed(float x, T) {
  return from_float<T>(x);
}
template <class T>
ROSTE_KERNEL float widened(T x) {
  return to_float(x);
}
#endif

#if defined(__CUDA_ARCH__)
// The widest access of one thread that a run of so many bytes consists of.
template <int kBytes>
using Word = std::conditional_t<
    kBytes % 16 == 0, uint4,
    std::conditional_t<kBytes % 8 == 0, uint2,
                       std::conditional_t<kBytes % 4 == 0, unsigned, unsigned short>>>;
#endif

// to := kCount values; on the device in wide accesses where size and alignment allow.
template <int kCount, class T>
ROSTE_KERNEL void read_run(const T* from, T (&to)[kCount]) {
#if defined(__CUDA_ARCH__)
  using W = Word<kCount * sizeof(T)>;
  constexpr int kWords = kCount * sizeof(T) / sizeof(W);
  if (reinterpret_cast<std::uintptr_t>(from) % sizeof(W) == 0) {
    W words[kWords];
    ROSTE_UNROLLED
    for (int i = 0; i < kWords; ++i) words[i] = reinterpret_cast<const W*>(from)[i];
    std::memcpy(to, words, sizeof(words));
    return;
  }
  ROSTE_UNROLLED
#endif
  for (int i = 0; i < kCount; ++i) to[i] = from[i];
}

template <int kCount, class T>
ROSTE_KERNEL void write_run(const T (&from)[kCount], T* to) {
#if defined(__CUDA_ARCH__)
  using W = Word<kCount * sizeof(T)>;
  constexpr int kWords = kCount * sizeof(T) / sizeof(W);
  if (reinterpret_cast<std::uintptr_t>(to) % sizeof(W) == 0) {
    W words[kWords];
    std::memcpy(words, from, sizeof(words));
    ROSTE_UNROLLED
    for (int i = 0; i < kWords; ++i) reinterpret_cast<W*>(to)[i] = words[i];
    return;
  }
  ROSTE_UNROLLED
#endif
  for (int i = 0; i < kCount; ++i) to[i] = from[i];
}

}  // namespace detail

// The first `count` values from x; zeros behind them.
template <int kValues, class T>
ROSTE_KERNEL Chunk<kValues> load_chunk(const T* x, int count) {
  Chunk<kValues> chunk;
  if (count == kValues) {
    T run[kValues];
    detail::read_run<kValues>(x, run);
    ROSTE_UNROLLED
    for (int i = 0; i < kValues; ++i) chunk.v[i] = detail::widened(run[i]);
    return chunk;
  }
  ROSTE_UNROLLED
  for (int i = 0; i < kValues; ++i) chunk.v[i] = i < count ? detail::widened(x[i]) : 0.0f;
  return chunk;
}

// The first `count` values to y, rounded once to T.
template <int kValues, class T>
ROSTE_KERNEL void store_chunk(const Chunk<kValues>& chunk, int count, T* y) {
  T run[kValues];
  ROSTE_UNROLLED
  for (int i = 0; i < kValues; ++i) run[i] = detail::narrowed(chunk.v[i], T{});
  if (count == kValues) return detail::write_run<kValues>(run, y);
  ROSTE_UNROLLED
  for (int i = 0; i < kValues; ++i) {
    if (i < count) y[i] = run[i];
  }
}

}  // namespace roste::cuda
