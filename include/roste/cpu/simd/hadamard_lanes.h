// What the butterfly kernels need of a register beyond float_avx512.h and float_avx2.h: exchanges
// of lanes, and signs kept as bits.
#pragma once

#include <cstdint>
#include <cstring>

#include "roste/cpu/simd/float_avx2.h"
#include "roste/cpu/simd/float_avx512.h"

#if ROSTE_X86_KERNELS

ROSTE_TARGET_AVX2
namespace roste::cpu::simd::avx2 {

inline constexpr int kLog2Floats = 3;
inline constexpr int kLog2Radix = 3;    // 8 registers of data; 16 exist
inline constexpr int kLog2Codelet = 6;  // so many numbers fit in them
inline constexpr int kCodelet = 1 << kLog2Codelet;

// Lane i and lane i ^ Stride change places.
template <int Stride>
ROSTE_INLINE Floats exchange(Floats v) {
  if constexpr (Stride == 1) return _mm256_permute_ps(v, 0xB1);
  if constexpr (Stride == 2) return _mm256_permute_ps(v, 0x4E);
  if constexpr (Stride == 4) return _mm256_permute2f128_ps(v, v, 0x01);
}

// +1 in lanes whose index lacks the bit Stride, -1 in the others.
template <int Stride>
ROSTE_INLINE Floats plus_minus() {
  if constexpr (Stride == 1) return _mm256_setr_ps(1, -1, 1, -1, 1, -1, 1, -1);
  if constexpr (Stride == 2) return _mm256_setr_ps(1, 1, -1, -1, 1, 1, -1, -1);
  if constexpr (Stride == 4) return _mm256_setr_ps(1, 1, 1, 1, -1, -1, -1, -1);
}

// Lane i of v is negated where bit i of bits[0] is set.
ROSTE_INLINE Floats flip_signs(Floats v, const std::uint8_t* bits) {
  const __m256i to_top = _mm256_setr_epi32(31, 30, 29, 28, 27, 26, 25, 24);
  std::int32_t word;  // one load that is broadcast at once; the bits above the first 8 are not used
  std::memcpy(&word, bits, sizeof word);
  const __m256i top = _mm256_sllv_epi32(_mm256_set1_epi32(word), to_top);
  return _mm256_xor_ps(v, _mm256_and_ps(_mm256_castsi256_ps(top), _mm256_set1_ps(-0.0f)));
}

// Every lane with the bits of `mask` inverted.
ROSTE_INLINE Floats flip_all(Floats v, std::uint32_t mask) {
  const __m256i bits = _mm256_set1_epi32(static_cast<int>(mask));
  return _mm256_xor_ps(v, _mm256_castsi256_ps(bits));
}

// Entry term & 7 of t, negated where bit 3 is set, for the eight terms at p.
ROSTE_INLINE Floats look_up_terms(Floats t, const void* p) {
  const __m256i terms = _mm256_cvtepu8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p)));
  const __m256i minus = _mm256_slli_epi32(_mm256_srli_epi32(terms, 3), 31);
  return _mm256_xor_ps(_mm256_permutevar8x32_ps(t, terms), _mm256_castsi256_ps(minus));
}

}  // namespace roste::cpu::simd::avx2
ROSTE_TARGET_END

ROSTE_TARGET_AVX512
namespace roste::cpu::simd::avx512 {

inline constexpr int kLog2Floats = 4;
inline constexpr int kLog2Radix = 4;    // 16 registers of data; 32 exist
inline constexpr int kLog2Codelet = 8;  // so many numbers fit in them
inline constexpr int kCodelet = 1 << kLog2Codelet;

template <int Stride>
ROSTE_INLINE Floats exchange(Floats v) {
  if constexpr (Stride == 1) return _mm512_maskz_permute_ps(0xffff, v, 0xB1);
  if constexpr (Stride == 2) return _mm512_maskz_permute_ps(0xffff, v, 0x4E);
  if constexpr (Stride == 4) return _mm512_maskz_shuffle_f32x4(0xffff, v, v, 0xB1);
  if constexpr (Stride == 8) return _mm512_maskz_shuffle_f32x4(0xffff, v, v, 0x4E);
}

template <int Stride>
ROSTE_INLINE Floats plus_minus() {
  constexpr int kMinus = Stride == 1   ? 0xAAAA
                         : Stride == 2 ? 0xCCCC
                         : Stride == 4 ? 0xF0F0
                                       : 0xFF00;
  return _mm512_mask_blend_ps(kMinus, _mm512_set1_ps(1.0f), _mm512_set1_ps(-1.0f));
}

// Lane i of v is negated where bit i of the two bytes, low one first, is set.
ROSTE_INLINE Floats flip_signs(Floats v, const std::uint8_t* bits) {
  __mmask16 lanes;
  std::memcpy(&lanes, bits, sizeof lanes);
  return _mm512_mask_xor_ps(v, lanes, v, _mm512_set1_ps(-0.0f));
}

ROSTE_INLINE Floats flip_all(Floats v, std::uint32_t mask) {
  return _mm512_xor_ps(v, _mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(mask))));
}

// Entry term of t, whose upper half is the lower one negated, for the sixteen terms at p.
ROSTE_INLINE Floats look_up_terms(Floats t, const void* p) {
  const __m128i terms = _mm_loadu_si128(static_cast<const __m128i*>(p));
  return _mm512_maskz_permutexvar_ps(0xffff, _mm512_maskz_cvtepu8_epi32(0xffff, terms), t);
}

}  // namespace roste::cpu::simd::avx512
ROSTE_TARGET_END
#endif
