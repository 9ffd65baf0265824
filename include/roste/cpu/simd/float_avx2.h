// Eight floats in an AVX register, under the names of float_avx512.h.
#pragma once

#include <cstdint>

#include "roste/cpu/simd/target.h"

#if ROSTE_X86_KERNELS
ROSTE_TARGET_AVX2
namespace roste::cpu::simd::avx2 {

using Floats = __m256;
using Mask = __m256;  // all bits of a lane set or clear
inline constexpr int kFloats = 8;

inline Floats load(const float* x) { return _mm256_loadu_ps(x); }
inline void store(float* x, Floats v) { _mm256_storeu_ps(x, v); }

// The first n < 8 lanes; the others are `rest` and are not read from memory.
inline __m256i first_lanes(std::int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline Floats load_first(const float* x, std::int64_t n, Floats rest) {
  const __m256i lanes = first_lanes(n);
  return _mm256_blendv_ps(rest, _mm256_maskload_ps(x, lanes), _mm256_castsi256_ps(lanes));
}
inline void store_first(float* x, std::int64_t n, Floats v) {
  _mm256_maskstore_ps(x, first_lanes(n), v);
}

inline Floats broadcast(float x) { return _mm256_set1_ps(x); }
inline Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
inline Floats subtract(Floats a, Floats b) { return _mm256_sub_ps(a, b); }
inline Floats multiply(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
inline Floats divide(Floats a, Floats b) { return _mm256_div_ps(a, b); }
inline Floats multiply_add(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }

// As x86 orders them: the second operand where either is NaN.
inline Floats smaller(Floats a, Floats b) { return _mm256_min_ps(a, b); }
inline Floats larger(Floats a, Floats b) { return _mm256_max_ps(a, b); }

inline Floats magnitude(Floats v) {
  return _mm256_and_ps(v, _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff)));
}

// To the nearest integer, ties to even, whatever the rounding mode is.
inline Floats round_to_even(Floats v) {
  return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

// Lanes where a <= b holds; false where either is NaN.
inline Mask at_most(Floats a, Floats b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
inline bool all(Mask m) { return _mm256_movemask_ps(m) == 0xff; }
inline Floats select(Mask m, Floats yes, Floats no) { return _mm256_blendv_ps(no, yes, m); }

}  // namespace roste::cpu::simd::avx2
ROSTE_TARGET_END
#endif
