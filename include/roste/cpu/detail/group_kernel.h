// The loops over one contiguous run of floats, by the instruction set of the caller's choice. All
// give the bits of core/grid.h, whose functions the portable loops call.
//
// None checks anything: runs do not overlap unless said, params have a scale > 0.
#pragma once

#include <cstdint>

#include "roste/core/grid.h"
#include "roste/cpu/detail/scan.h"
#include "roste/cpu/isa.h"
#include "roste/cpu/simd/quantize.h"

namespace roste::cpu::detail {

// Smallest and largest of n values, and whether all are finite.
inline Scan scan_run(Isa isa, const float* x, std::int64_t n) {
  if (n == 0) return {};
#if ROSTE_X86_KERNELS
  if (isa == Isa::kAvx512) return simd::avx512::scan_bits(x, n).scan();
  if (isa == Isa::kAvx2) return simd::avx2::scan_bits(x, n).scan();
#endif
  ScanBits bits(roste::detail::float_bits(x[0]));
  for (std::int64_t i = 0; i < n; ++i) bits.merge(ScanBits(roste::detail::float_bits(x[i])));
  return bits.scan();
}

// y := Q(x), eq. (1); y may be x.
inline void fake_quantize_run(Isa isa, FloatRun run, GroupParams params, CodeRange codes,
                              float* y) {
#if ROSTE_X86_KERNELS
  const FastGrid grid = fast_grid(params, codes);
  if (isa != Isa::kPortable && grid.usable) {
    if (isa == Isa::kAvx512) return simd::avx512::fake_quantize_values(grid, run, y);
    return simd::avx2::fake_quantize_values(grid, run, y);
  }
#endif
  for (std::int64_t i = 0; i < run.n; ++i) y[i] = fake_quantize_value(run.x[i], params, codes);
}

inline void fake_quantize_run(Isa isa, const float* x, GroupParams params, CodeRange codes,
                              std::int64_t n, float* y) {
  fake_quantize_run(isa, {x, n}, params, codes, y);
}

// The codes of x, the inner part of eq. (1). Code is uint8, int8 or int16 and holds all of codes.
template <class Code>
void encode_run(Isa isa, FloatRun run, GroupParams params, CodeRange codes, Code* out) {
#if ROSTE_X86_KERNELS
  const FastGrid grid = fast_grid(params, codes);
  if (isa != Isa::kPortable && grid.usable) {
    if (isa == Isa::kAvx512) return simd::avx512::encode_codes(grid, run, out);
    return simd::avx2::encode_codes(grid, run, out);
  }
#endif
  for (std::int64_t i = 0; i < run.n; ++i) {
    out[i] = static_cast<Code>(encode(run.x[i], params, codes));
  }
}

template <class Code>
void encode_run(Isa isa, const float* x, GroupParams params, CodeRange codes, std::int64_t n,
                Code* out) {
  encode_run(isa, FloatRun{x, n}, params, codes, out);
}

// The values of codes, the outer part of eq. (1).
template <class Code>
void decode_run(Isa isa, const Code* codes, GroupParams params, std::int64_t n, float* out) {
#if ROSTE_X86_KERNELS
  const FastGrid grid = fast_grid(params, {0, 0});
  if (isa != Isa::kPortable && grid.usable) {
    if (isa == Isa::kAvx512) return simd::avx512::decode_codes(codes, grid, n, out);
    return simd::avx2::decode_codes(codes, grid, n, out);
  }
#endif
  for (std::int64_t i = 0; i < n; ++i) out[i] = decode(codes[i], params);
}

}  // namespace roste::cpu::detail
