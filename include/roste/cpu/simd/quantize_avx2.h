// Integers and doubles beside float_avx2.h, under the names of quantize_avx512.h.
#pragma once

#include <cstdint>
#include <cstring>

#include "roste/cpu/simd/float_avx2.h"
#include "roste/cpu/simd/quantize_lanes.h"

#if ROSTE_X86_KERNELS
ROSTE_TARGET_AVX2
namespace roste::cpu::simd::avx2 {

using Ints = __m256i;  // 8 lanes of 32 bits

inline Ints same_int(std::int32_t v) { return _mm256_set1_epi32(v); }
inline Ints bits_of(Floats v) { return _mm256_castps_si256(v); }
inline Floats floats_of_bits(Ints v) { return _mm256_castsi256_ps(v); }
inline Ints sum_of(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
inline Ints larger_signed(Ints a, Ints b) { return _mm256_max_epi32(a, b); }
inline Ints larger_unsigned(Ints a, Ints b) { return _mm256_max_epu32(a, b); }
inline Ints smaller_signed(Ints a, Ints b) { return _mm256_min_epi32(a, b); }
inline Ints smaller_unsigned(Ints a, Ints b) { return _mm256_min_epu32(a, b); }

// v, kept in a register: compilers else read memory again for every use of a loaded value, and
// loads are what a scan waits for.
inline Ints in_register(Ints v) {
  asm("" : "+x"(v));
  return v;
}

// Extremes over all lanes.
inline std::uint32_t largest_signed(Ints v) { return extreme<larger_signed4>(v); }
inline std::uint32_t largest_unsigned(Ints v) { return extreme<larger_unsigned4>(v); }
inline std::uint32_t smallest_unsigned(Ints v) { return extreme<smaller_unsigned4>(v); }

// a b - c with one rounding.
inline Floats multiply_subtract(Floats a, Floats b, Floats c) { return _mm256_fmsub_ps(a, b, c); }

// Of two numbers, the larger magnitude; where one is NaN, NaN.
inline Floats farther(Floats a, Floats b) {
  return _mm256_castsi256_ps(
      _mm256_max_epu32(_mm256_castps_si256(magnitude(a)), _mm256_castps_si256(magnitude(b))));
}

// Of floats that are integers below 2^31.
inline Ints int_lanes(Floats v) { return _mm256_cvtps_epi32(v); }
inline Floats float_lanes(Ints v) { return _mm256_cvtepi32_ps(v); }

inline Mask both(Mask a, Mask b) { return _mm256_and_ps(a, b); }
inline int count(Mask m) {
  return __builtin_popcount(static_cast<unsigned>(_mm256_movemask_ps(m)));
}

// Eight lanes below 2^16 as words.
inline __m128i narrow_words(Ints v) {
  return _mm_packus_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
}
inline __m128i bytes_of(Ints v) {  // the low 8 bits of every lane, in the low half
  const __m128i words = narrow_words(_mm256_and_si256(v, _mm256_set1_epi32(0xff)));
  return _mm_packus_epi16(words, words);
}

// The low 8 or 16 bits of every lane.
inline void store_codes(std::uint8_t* out, Ints v) {
  _mm_storel_epi64(reinterpret_cast<__m128i*>(out), bytes_of(v));
}
inline void store_codes(std::int8_t* out, Ints v) {
  store_codes(reinterpret_cast<std::uint8_t*>(out), v);
}
inline void store_codes(std::int16_t* out, Ints v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                   narrow_words(_mm256_and_si256(v, _mm256_set1_epi32(0xffff))));
}

inline Ints load_codes(const std::uint8_t* x) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(x)));
}
inline Ints load_codes(const std::int8_t* x) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(x)));
}
inline Ints load_codes(const std::int16_t* x) {
  return _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
}

struct Quad {
  Floats a, b, c, d;
};

// u + offset of all four as 16-bit words, in the order that packs leave: of each 128 bits the next
// four of a, then of b.
inline Ints words_of(Floats a, Floats b, Ints offset) {
  return _mm256_add_epi16(_mm256_packs_epi32(int_lanes(a), int_lanes(b)), offset);
}
inline Ints in_order(Ints v) {  // dword k of half i becomes dword i of pair k
  return _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}
inline Ints same_word(std::int32_t v) { return _mm256_set1_epi16(static_cast<short>(v)); }
inline Ints smaller_words(Ints a, Ints b) { return _mm256_min_epu16(a, b); }
inline bool any_word_zero(Ints v) {
  return _mm256_movemask_epi8(_mm256_cmpeq_epi16(v, _mm256_setzero_si256())) != 0;
}

// 32 codes u + offset in order; a code fits its type.
inline void store_codes(std::uint8_t* out, const Quad& u, Ints offset) {
  const Ints bytes = _mm256_packus_epi16(words_of(u.a, u.b, offset), words_of(u.c, u.d, offset));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), in_order(bytes));
}
inline void store_codes(std::int8_t* out, const Quad& u, Ints offset) {
  const Ints bytes = _mm256_packs_epi16(words_of(u.a, u.b, offset), words_of(u.c, u.d, offset));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), in_order(bytes));
}

// 32 codes below 16 as 16 bytes.
inline void store_nibbles(std::uint8_t* out, const Quad& u, Ints offset) {
  const Ints bytes = _mm256_packus_epi16(words_of(u.a, u.b, offset), words_of(u.c, u.d, offset));
  const Ints pairs = _mm256_maddubs_epi16(bytes, _mm256_set1_epi16(0x1001));  // first + 16 second
  const Ints ordered = in_order(pairs);
  _mm_storeu_si128(
      reinterpret_cast<__m128i*>(out),
      _mm_packus_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1)));
}

// Eight lanes below 16 as 4 bytes, the first of each pair in the low half.
inline void store_nibbles(std::uint8_t* out, Ints v) {
  const Ints pairs = _mm256_or_si256(v, _mm256_srli_epi64(v, 28));
  const Ints low_bytes = _mm256_shuffle_epi8(  // bytes 0 and 8 of each half
      pairs, _mm256_setr_epi8(0, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,  //
                              0, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
  const __m128i bytes =
      _mm_unpacklo_epi16(_mm256_castsi256_si128(low_bytes), _mm256_extracti128_si256(low_bytes, 1));
  const int four = _mm_cvtsi128_si32(bytes);
  std::memcpy(out, &four, sizeof four);
}

// The reverse; only the low 4 bits of a lane mean something.
inline Ints load_nibbles(const std::uint8_t* x) {
  int four;
  std::memcpy(&four, x, sizeof four);
  const Ints bytes = _mm256_cvtepu8_epi64(_mm_cvtsi32_si128(four));
  return _mm256_or_si256(bytes, _mm256_slli_epi64(bytes, 28));
}

// Sixteen values to choose from by the low 4 bits of a lane.
struct Table {
  __m256 first, second;
};
inline Table load_table(const float* values) {
  return {_mm256_loadu_ps(values), _mm256_loadu_ps(values + 8)};
}
inline Floats look_up(Table table, Ints at) {
  const __m256 bit_3 = _mm256_castsi256_ps(_mm256_slli_epi32(at, 28));  // to where blends look
  return _mm256_blendv_ps(_mm256_permutevar8x32_ps(table.first, at),
                          _mm256_permutevar8x32_ps(table.second, at), bit_3);
}

using Doubles = __m256d;
inline constexpr int kDoubles = 4;
inline Doubles first_half(Floats v) { return _mm256_cvtps_pd(_mm256_castps256_ps128(v)); }
inline Doubles second_half(Floats v) { return _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1)); }
inline Doubles subtract(Doubles a, Doubles b) { return _mm256_sub_pd(a, b); }
inline Doubles multiply_add(Doubles a, Doubles b, Doubles c) { return _mm256_fmadd_pd(a, b, c); }
inline Doubles load(const double* x) { return _mm256_loadu_pd(x); }
inline void store(double* x, Doubles v) { _mm256_storeu_pd(x, v); }

// Eight 16-bit patterns, each in a lane of its own or side by side.
inline Ints load_wide(const std::uint16_t* x) {
  return _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
}
inline void store_narrow(std::uint16_t* x, Ints v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(x), narrow_words(v));
}
inline Ints shift_left_16(Ints v) { return _mm256_slli_epi32(v, 16); }
inline Ints shift_right_16(Ints v) { return _mm256_srli_epi32(v, 16); }
inline Ints bits_in_both(Ints a, Ints b) { return _mm256_and_si256(a, b); }
inline Ints bits_in_either(Ints a, Ints b) { return _mm256_or_si256(a, b); }
inline Ints where_nan(Floats v, Ints yes, Ints no) {
  return _mm256_blendv_epi8(no, yes, _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q)));
}
inline Floats load_halves(const std::uint16_t* x) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
}
inline void store_halves(std::uint16_t* x, Floats v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(x), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}

}  // namespace roste::cpu::simd::avx2
ROSTE_TARGET_END
#endif
