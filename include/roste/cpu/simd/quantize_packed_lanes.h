// Eight registers of fixed-point numbers, see fixed_steps_kernel.inc, to nibbles, for the kernels
// of quantize_packed.h.
#pragma once

#include <cstdint>

#include "roste/cpu/simd/quantize_avx2.h"
#include "roste/cpu/simd/quantize_avx512.h"

#if ROSTE_X86_KERNELS

ROSTE_TARGET_AVX2
namespace roste::cpu::simd::avx2 {

// The bytes 2 of every dword, in the order a, c, b, d; the bytes 3 of a and b are 0x43.
inline Ints whole_parts(Ints a, Ints b, Ints c, Ints d) {
  const Ints ab = _mm256_blend_epi16(_mm256_srli_epi32(a, 16), b, 0xAA);
  const Ints cd = _mm256_blend_epi16(_mm256_srli_epi32(c, 16), d, 0xAA);
  const Ints on_top = _mm256_xor_si256(_mm256_slli_epi16(cd, 8), _mm256_set1_epi16(0x4300));
  return _mm256_xor_si256(ab, on_top);
}
inline Ints same_byte(int v) { return _mm256_set1_epi8(static_cast<char>(v)); }
inline Ints bytes_within(Ints v, Ints bias, Ints most) {
  return _mm256_min_epu8(_mm256_subs_epu8(v, bias), most);
}

// Brings the bytes of whole_parts in every 128 bits to the order of a, b, c, d.
inline Ints by_register() {
  return _mm256_setr_epi8(0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15,  //
                          0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15);
}
// Neighbouring codes in words of their own: of each 128 bits two of a, two of b, ...
inline Ints pairs_of(Ints parts, Ints order) {
  return _mm256_maddubs_epi16(_mm256_shuffle_epi8(parts, order), _mm256_set1_epi16(0x1001));
}

// The pairs of eight registers as bytes, register by register.
inline void store_pairs(std::uint8_t* out, Ints first, Ints second) {
  const Ints bytes = _mm256_packus_epi16(first, second);
  const __m128i low = _mm256_castsi256_si128(bytes), high = _mm256_extracti128_si256(bytes, 1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_unpacklo_epi16(low, high));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 16), _mm_unpackhi_epi16(low, high));
}

}  // namespace roste::cpu::simd::avx2
ROSTE_TARGET_END

ROSTE_TARGET_AVX512
namespace roste::cpu::simd::avx512 {

inline Ints whole_parts(Ints a, Ints b, Ints c, Ints d) {
  const Ints a_down = _mm512_maskz_srli_epi32(0xffff, a, 16);
  const Ints c_down = _mm512_maskz_srli_epi32(0xffff, c, 16);
  const Ints ab = _mm512_mask_blend_epi16(0xAAAAAAAAu, a_down, b);
  const Ints cd = _mm512_mask_blend_epi16(0xAAAAAAAAu, c_down, d);
  return _mm512_mask_blend_epi8(0xAAAAAAAAAAAAAAAAu, ab, _mm512_slli_epi16(cd, 8));
}
inline Ints same_byte(int v) { return _mm512_set1_epi8(static_cast<char>(v)); }
inline Ints bytes_within(Ints v, Ints bias, Ints most) {
  return _mm512_min_epu8(_mm512_subs_epu8(v, bias), most);
}

inline Ints by_register() {
  return _mm512_maskz_broadcast_i32x4(
      0xffff, _mm_setr_epi8(0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15));
}
inline Ints pairs_of(Ints parts, Ints order) {
  return _mm512_maddubs_epi16(_mm512_shuffle_epi8(parts, order), _mm512_set1_epi16(0x1001));
}

inline void store_pairs(std::uint8_t* out, Ints first, Ints second) {
  alignas(64) static constexpr std::uint16_t kByRegister[32] = {
      0, 8,  16, 24, 1, 9,  17, 25, 2, 10, 18, 26, 3, 11, 19, 27,
      4, 12, 20, 28, 5, 13, 21, 29, 6, 14, 22, 30, 7, 15, 23, 31};
  const Ints bytes = _mm512_packus_epi16(first, second);
  _mm512_storeu_si512(out, _mm512_permutexvar_epi16(_mm512_load_si512(kByRegister), bytes));
}

}  // namespace roste::cpu::simd::avx512
ROSTE_TARGET_END

#endif
