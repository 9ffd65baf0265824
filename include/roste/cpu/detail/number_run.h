// Runs of any number type, brought to float and back in pieces that stay in the L1 cache, around
// the loops of group_kernel.h.
#pragma once

#include <algorithm>
#include <cstdint>

#include "roste/core/number_types.h"
#include "roste/cpu/detail/group_kernel.h"
#include "roste/cpu/isa.h"
#include "roste/cpu/simd/quantize_numbers.h"

namespace roste::cpu::detail {

inline constexpr std::int64_t kPiece = 1024;  // values; a buffer of 4 KiB

// out := x as floats; exact. Runs must not overlap.
template <Number T>
void widen_run(Isa isa, const T* x, std::int64_t n, float* out) {
#if ROSTE_X86_KERNELS
  if constexpr (!std::same_as<T, float>) {
    if (isa == Isa::kAvx512) return simd::avx512::widen_values(x, n, out);
    if (isa == Isa::kAvx2) return simd::avx2::widen_values(x, n, out);
  }
#endif
  for (std::int64_t i = 0; i < n; ++i) out[i] = to_float(x[i]);
}

// out := x rounded as from_float does. Runs must not overlap.
template <Number T>
void narrow_run(Isa isa, const float* x, std::int64_t n, T* out) {
#if ROSTE_X86_KERNELS
  if constexpr (!std::same_as<T, float>) {
    if (isa == Isa::kAvx512) return simd::avx512::narrow_values(x, n, out);
    if (isa == Isa::kAvx2) return simd::avx2::narrow_values(x, n, out);
  }
#endif
  for (std::int64_t i = 0; i < n; ++i) out[i] = from_float<T>(x[i]);
}

// out := x, all finite, rounded as from_finite does. Runs must not overlap.
template <Number T>
void narrow_finite_run(Isa isa, const float* x, std::int64_t n, T* out) {
#if ROSTE_X86_KERNELS
  if constexpr (!std::same_as<T, float>) {
    if (isa == Isa::kAvx512) return simd::avx512::narrow_finite_values(x, n, out);
    if (isa == Isa::kAvx2) return simd::avx2::narrow_finite_values(x, n, out);
  }
#endif
  for (std::int64_t i = 0; i < n; ++i) out[i] = from_finite<T>(x[i]);
}

// Calls step(first, count) for the pieces of a run of n values.
template <class Step>
void for_each_piece(std::int64_t n, Step&& step) {
  for (std::int64_t first = 0; first < n; first += kPiece) {
    step(first, std::min(kPiece, n - first));
  }
}

inline FloatRun piece_of(const FloatRun& run, std::int64_t first, std::int64_t count) {
  return {run.x + first, count, run.ahead == nullptr ? nullptr : run.ahead + first, run.range};
}

// Calls step(run, first) for parts of the n values of x as floats: all at once where they are
// floats, otherwise pieces. ahead: see FloatRun.
template <Number T, class Step>
void for_each_float_run(Isa isa, const T* x, std::int64_t n, const T* ahead, Step&& step) {
  if constexpr (std::same_as<T, float>) {
    step(FloatRun{x, n, ahead}, std::int64_t{0});
  } else {
    float buffer[kPiece];
    for_each_piece(n, [&](std::int64_t first, std::int64_t count) {
      widen_run(isa, x + first, count, buffer);
      step(FloatRun{buffer, count}, first);
    });
  }
}

template <Number T>
Scan scan_values(Isa isa, const T* x, std::int64_t n) {
  if constexpr (std::same_as<T, float>) {
    return scan_run(isa, x, n);
  } else {
    Scan scan;
    for_each_float_run<T>(isa, x, n, nullptr, [&](const FloatRun& run, std::int64_t) {
      scan.merge(scan_run(isa, run.x, run.n));
    });
    return scan;
  }
}

}  // namespace roste::cpu::detail
