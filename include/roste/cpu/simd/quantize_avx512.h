// Integers and doubles beside float_avx512.h: what the kernels of the quantizers need.
#pragma once

#include <cstdint>
#include <cstring>

#include "roste/cpu/simd/float_avx512.h"
#include "roste/cpu/simd/quantize_lanes.h"

#if ROSTE_X86_KERNELS
ROSTE_TARGET_AVX512
namespace roste::cpu::simd::avx512 {

using Ints = __m512i;  // 16 lanes of 32 bits

inline Ints same_int(std::int32_t v) { return _mm512_set1_epi32(v); }
inline Ints bits_of(Floats v) { return _mm512_castps_si512(v); }
inline Floats floats_of_bits(Ints v) { return _mm512_castsi512_ps(v); }
inline Ints sum_of(Ints a, Ints b) { return _mm512_add_epi32(a, b); }
inline Ints larger_signed(Ints a, Ints b) { return _mm512_maskz_max_epi32(0xffff, a, b); }
inline Ints larger_unsigned(Ints a, Ints b) { return _mm512_maskz_max_epu32(0xffff, a, b); }
inline Ints smaller_signed(Ints a, Ints b) { return _mm512_maskz_min_epi32(0xffff, a, b); }
inline Ints smaller_unsigned(Ints a, Ints b) { return _mm512_maskz_min_epu32(0xffff, a, b); }

// v, kept in a register: compilers else read memory again for every use of a loaded value, and
// loads are what a scan waits for.
inline Ints in_register(Ints v) {
  asm("" : "+v"(v));
  return v;
}

// Extremes over all lanes.
inline __m256i first_ints(Ints v) { return _mm512_castsi512_si256(v); }
inline __m256i second_ints(Ints v) { return _mm512_maskz_extracti64x4_epi64(0xf, v, 1); }
inline std::uint32_t largest_signed(Ints v) {
  return extreme<larger_signed4>(_mm256_max_epi32(first_ints(v), second_ints(v)));
}
inline std::uint32_t largest_unsigned(Ints v) {
  return extreme<larger_unsigned4>(_mm256_max_epu32(first_ints(v), second_ints(v)));
}
inline std::uint32_t smallest_unsigned(Ints v) {
  return extreme<smaller_unsigned4>(_mm256_min_epu32(first_ints(v), second_ints(v)));
}

// a b - c with one rounding.
inline Floats multiply_subtract(Floats a, Floats b, Floats c) { return _mm512_fmsub_ps(a, b, c); }

// Of two numbers, the larger magnitude; where one is NaN, the other one's.
inline Floats farther(Floats a, Floats b) { return _mm512_maskz_range_ps(0xffff, a, b, 0b1011); }

// Of floats that are integers below 2^31.
inline Ints int_lanes(Floats v) { return _mm512_maskz_cvtps_epi32(0xffff, v); }
inline Floats float_lanes(Ints v) { return _mm512_maskz_cvtepi32_ps(0xffff, v); }

inline Mask both(Mask a, Mask b) { return static_cast<Mask>(a & b); }
inline int count(Mask m) { return __builtin_popcount(m); }

// The low 8 or 16 bits of every lane.
inline void store_codes(std::uint8_t* out, Ints v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_maskz_cvtepi32_epi8(0xffff, v));
}
inline void store_codes(std::int8_t* out, Ints v) {
  store_codes(reinterpret_cast<std::uint8_t*>(out), v);
}
inline void store_codes(std::int16_t* out, Ints v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm512_maskz_cvtepi32_epi16(0xffff, v));
}

inline Ints load_codes(const std::uint8_t* x) {
  return _mm512_maskz_cvtepu8_epi32(0xffff, _mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
}
inline Ints load_codes(const std::int8_t* x) {
  return _mm512_maskz_cvtepi8_epi32(0xffff, _mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
}
inline Ints load_codes(const std::int16_t* x) {
  return _mm512_maskz_cvtepi16_epi32(0xffff,
                                     _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)));
}

// Four registers of integers that fit 16 bits, as words and then as bytes.
struct Quad {
  Floats a, b, c, d;
};

// u + offset of all four as 16-bit words, in the order that packs leave: of each 128 bits the next
// four of a, then of b.
inline Ints words_of(Floats a, Floats b, Ints offset) {
  return _mm512_add_epi16(_mm512_packs_epi32(int_lanes(a), int_lanes(b)), offset);
}
inline Ints in_order() {  // undoes the order of packs: dword k of lane i becomes dword i of lane k
  return _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
}
inline Ints same_word(std::int32_t v) { return _mm512_set1_epi16(static_cast<short>(v)); }
inline Ints smaller_words(Ints a, Ints b) { return _mm512_min_epu16(a, b); }
inline bool any_word_zero(Ints v) { return _mm512_testn_epi16_mask(v, v) != 0; }

// 64 codes u + offset in order; a code fits its type.
inline void store_codes(std::uint8_t* out, const Quad& u, Ints offset) {
  const Ints bytes = _mm512_packus_epi16(words_of(u.a, u.b, offset), words_of(u.c, u.d, offset));
  _mm512_storeu_si512(out, _mm512_maskz_permutexvar_epi32(0xffff, in_order(), bytes));
}
inline void store_codes(std::int8_t* out, const Quad& u, Ints offset) {
  const Ints bytes = _mm512_packs_epi16(words_of(u.a, u.b, offset), words_of(u.c, u.d, offset));
  _mm512_storeu_si512(out, _mm512_maskz_permutexvar_epi32(0xffff, in_order(), bytes));
}

// 64 codes below 16 as 32 bytes.
inline void store_nibbles(std::uint8_t* out, const Quad& u, Ints offset) {
  const Ints bytes = _mm512_packus_epi16(words_of(u.a, u.b, offset), words_of(u.c, u.d, offset));
  const Ints pairs = _mm512_maddubs_epi16(bytes, _mm512_set1_epi16(0x1001));  // first + 16 second
  const Ints ordered = _mm512_maskz_permutexvar_epi32(0xffff, in_order(), pairs);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                      _mm512_maskz_cvtepi16_epi8(0xffffffffu, ordered));
}

// Sixteen lanes below 16 as 8 bytes, the first of each pair in the low half.
inline void store_nibbles(std::uint8_t* out, Ints v) {
  const Ints pairs = _mm512_or_si512(v, _mm512_maskz_srli_epi64(0xff, v, 28));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm512_maskz_cvtepi64_epi8(0xff, pairs));
}

// The reverse; only the low 4 bits of a lane mean something.
inline Ints load_nibbles(const std::uint8_t* x) {
  const Ints bytes =
      _mm512_maskz_cvtepu8_epi64(0xff, _mm_loadl_epi64(reinterpret_cast<const __m128i*>(x)));
  return _mm512_or_si512(bytes, _mm512_maskz_slli_epi64(0xff, bytes, 28));
}

// Sixteen values to choose from by the low 4 bits of a lane.
using Table = __m512;
inline Table load_table(const float* values) { return _mm512_loadu_ps(values); }
inline Floats look_up(Table table, Ints at) {
  return _mm512_maskz_permutexvar_ps(0xffff, at, table);
}

using Doubles = __m512d;
inline constexpr int kDoubles = 8;
inline Doubles first_half(Floats v) {
  return _mm512_maskz_cvtps_pd(0xff, _mm512_maskz_extractf32x8_ps(0xff, v, 0));
}
inline Doubles second_half(Floats v) {
  return _mm512_maskz_cvtps_pd(0xff, _mm512_maskz_extractf32x8_ps(0xff, v, 1));
}
inline Doubles subtract(Doubles a, Doubles b) { return _mm512_sub_pd(a, b); }
inline Doubles multiply_add(Doubles a, Doubles b, Doubles c) { return _mm512_fmadd_pd(a, b, c); }
inline Doubles load(const double* x) { return _mm512_loadu_pd(x); }
inline void store(double* x, Doubles v) { _mm512_storeu_pd(x, v); }

// Sixteen 16-bit patterns, each in a lane of its own or side by side.
inline Ints load_wide(const std::uint16_t* x) {
  return _mm512_maskz_cvtepu16_epi32(0xffff,
                                     _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)));
}
inline void store_narrow(std::uint16_t* x, Ints v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(x), _mm512_maskz_cvtepi32_epi16(0xffff, v));
}
inline Ints shift_left_16(Ints v) { return _mm512_maskz_slli_epi32(0xffff, v, 16); }
inline Ints shift_right_16(Ints v) { return _mm512_maskz_srli_epi32(0xffff, v, 16); }
inline Ints bits_in_both(Ints a, Ints b) { return _mm512_and_si512(a, b); }
inline Ints bits_in_either(Ints a, Ints b) { return _mm512_or_si512(a, b); }
inline Ints where_nan(Floats v, Ints yes, Ints no) {
  return _mm512_mask_blend_epi32(_mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q), no, yes);
}
inline Floats load_halves(const std::uint16_t* x) {
  return _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)));
}
inline void store_halves(std::uint16_t* x, Floats v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(x),
                      _mm512_maskz_cvtps_ph(0xffff, v, _MM_FROUND_TO_NEAREST_INT));
}

}  // namespace roste::cpu::simd::avx512
ROSTE_TARGET_END
#endif
