// The extreme of the eight integers of an AVX register.
#pragma once

#include <cstdint>

#include "roste/cpu/simd/target.h"

#if ROSTE_X86_KERNELS
ROSTE_TARGET_AVX2
namespace roste::cpu::simd {

inline __m128i larger_signed4(__m128i a, __m128i b) { return _mm_max_epi32(a, b); }
inline __m128i larger_unsigned4(__m128i a, __m128i b) { return _mm_max_epu32(a, b); }
inline __m128i smaller_unsigned4(__m128i a, __m128i b) { return _mm_min_epu32(a, b); }

template <__m128i (*Choose)(__m128i, __m128i)>
std::uint32_t extreme(__m256i v) {
  const __m128i four = Choose(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  const __m128i two = Choose(four, _mm_shuffle_epi32(four, 0b01001110));
  const __m128i one = Choose(two, _mm_shuffle_epi32(two, 0b10110001));
  return static_cast<std::uint32_t>(_mm_cvtsi128_si32(one));
}

}  // namespace roste::cpu::simd
ROSTE_TARGET_END
#endif
