// Packed codes (core/packing.h) to integers in a register, for the kernels that compute with codes
// straight from memory.
#pragma once

#include <cstdint>
#include <cstring>

#include "roste/cpu/simd/float_avx2.h"
#include "roste/cpu/simd/float_avx512.h"

#if ROSTE_X86_KERNELS

// Code l of a block starts at bit l Bits of the block: in 32-bit word l Bits / 32, at bit
// l Bits % 32, and may end in the next word. A shift by 32 leaves nothing.

ROSTE_TARGET_AVX2
namespace roste::cpu::simd::avx2 {

// The eight unsigned codes in the Bits bytes at p.
template <int Bits>
__m256i expand_codes(const std::uint8_t* p) {
  const __m256i bit = _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                                         _mm256_set1_epi32(Bits));  // 0 ... 56
  if constexpr (Bits == 8) {
    std::int64_t bytes = 0;
    std::memcpy(&bytes, p, 8);
    return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(bytes));
  } else if constexpr (Bits <= 4) {  // one word
    std::int32_t bytes = 0;
    std::memcpy(&bytes, p, Bits);
    return _mm256_and_si256(_mm256_srlv_epi32(_mm256_set1_epi32(bytes), bit),
                            _mm256_set1_epi32((1 << Bits) - 1));
  } else {
    std::int64_t bytes = 0;
    std::memcpy(&bytes, p, Bits);
    const __m256i words = _mm256_castsi128_si256(_mm_cvtsi64_si128(bytes));
    const __m256i word = _mm256_srli_epi32(bit, 5);
    const __m256i shift = _mm256_and_si256(bit, _mm256_set1_epi32(31));
    const __m256i low = _mm256_permutevar8x32_epi32(words, word);
    const __m256i high =
        _mm256_permutevar8x32_epi32(words, _mm256_add_epi32(word, _mm256_set1_epi32(1)));
    const __m256i spread =
        _mm256_or_si256(_mm256_srlv_epi32(low, shift),
                        _mm256_sllv_epi32(high, _mm256_sub_epi32(_mm256_set1_epi32(32), shift)));
    return _mm256_and_si256(spread, _mm256_set1_epi32((1 << Bits) - 1));
  }
}

}  // namespace roste::cpu::simd::avx2
ROSTE_TARGET_END

ROSTE_TARGET_AVX512
namespace roste::cpu::simd::avx512 {

inline __m512i lane_numbers() {
  return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

// The sixteen unsigned codes in the 2 Bits bytes at p.
template <int Bits>
__m512i expand_codes(const std::uint8_t* p) {
  constexpr __mmask16 kCodeBytes = static_cast<__mmask16>((1u << (2 * Bits)) - 1u);
  const __m128i bytes = _mm_maskz_loadu_epi8(kCodeBytes, p);
  if constexpr (Bits == 8) {
    return _mm512_cvtepu8_epi32(bytes);
  } else {
    const __m512i bit = _mm512_mullo_epi32(lane_numbers(), _mm512_set1_epi32(Bits));  // 0 ... 105
    const __m512i words = _mm512_zextsi128_si512(bytes);
    const __m512i word = _mm512_maskz_srli_epi32(0xffff, bit, 5);
    const __m512i shift = _mm512_and_si512(bit, _mm512_set1_epi32(31));
    const __m512i low =
        _mm512_maskz_srlv_epi32(0xffff, _mm512_maskz_permutexvar_epi32(0xffff, word, words), shift);
    if constexpr (32 % Bits == 0) {  // no code crosses a word
      return _mm512_and_si512(low, _mm512_set1_epi32((1 << Bits) - 1));
    } else {
      const __m512i next = _mm512_add_epi32(word, _mm512_set1_epi32(1));
      const __m512i high =
          _mm512_maskz_sllv_epi32(0xffff, _mm512_maskz_permutexvar_epi32(0xffff, next, words),
                                  _mm512_sub_epi32(_mm512_set1_epi32(32), shift));
      return _mm512_and_si512(_mm512_or_si512(low, high), _mm512_set1_epi32((1 << Bits) - 1));
    }
  }
}

}  // namespace roste::cpu::simd::avx512
ROSTE_TARGET_END
#endif
