// Sixteen floats in an AVX-512 register, under the names that kernels written once for several
// instruction sets use. Include it inside of no namespace; kernels open their own region.
#pragma once

#include <cstdint>

#include "roste/cpu/simd/target.h"

#if ROSTE_X86_KERNELS
ROSTE_TARGET_AVX512
namespace roste::cpu::simd::avx512 {

using Floats = __m512;
using Mask = __mmask16;  // one bit per lane
inline constexpr int kFloats = 16;

inline Floats load(const float* x) { return _mm512_loadu_ps(x); }
inline void store(float* x, Floats v) { _mm512_storeu_ps(x, v); }

// The first n < 16 lanes; the others are `rest` and are not read from memory.
inline Mask first_lanes(std::int64_t n) { return static_cast<Mask>((1u << n) - 1u); }
inline Floats load_first(const float* x, std::int64_t n, Floats rest) {
  return _mm512_mask_loadu_ps(rest, first_lanes(n), x);
}
inline void store_first(float* x, std::int64_t n, Floats v) {
  _mm512_mask_storeu_ps(x, first_lanes(n), v);
}

inline Floats broadcast(float x) { return _mm512_set1_ps(x); }
inline Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
inline Floats subtract(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
inline Floats multiply(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
inline Floats divide(Floats a, Floats b) { return _mm512_div_ps(a, b); }
inline Floats multiply_add(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }

// As x86 orders them: the second operand where either is NaN.
inline Floats smaller(Floats a, Floats b) { return _mm512_maskz_min_ps(0xffff, a, b); }
inline Floats larger(Floats a, Floats b) { return _mm512_maskz_max_ps(0xffff, a, b); }

inline Floats magnitude(Floats v) {
  return _mm512_castsi512_ps(
      _mm512_and_epi32(_mm512_castps_si512(v), _mm512_set1_epi32(0x7fffffff)));
}

// To the nearest integer, ties to even, whatever the rounding mode is.
inline Floats round_to_even(Floats v) {
  return _mm512_maskz_roundscale_ps(0xffff, v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

// Lanes where a <= b holds; false where either is NaN.
inline Mask at_most(Floats a, Floats b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
inline bool all(Mask m) { return m == 0xffff; }
inline Floats select(Mask m, Floats yes, Floats no) { return _mm512_mask_blend_ps(m, no, yes); }

}  // namespace roste::cpu::simd::avx512
ROSTE_TARGET_END
#endif
