// The products of cpu/detail/kv_rows.h for AVX2 and AVX-512.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "roste/core/grid.h"
#include "roste/cpu/simd/expand_codes.h"

#if ROSTE_X86_KERNELS

ROSTE_TARGET_AVX2
namespace roste::cpu::simd::avx2 {

// What a row's codes are worth in units of its scale: float(code - zero).
template <int Bits>
struct RowValues {
  __m256i zero;

  explicit RowValues(std::int32_t stored_zero) : zero(_mm256_set1_epi32(stored_zero)) {}

  Floats at(const std::uint8_t* codes) const {
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(expand_codes<Bits>(codes), zero));
  }
};

// ((l, l + 4), (l, l + 2), (l, l + 1)) of eight lanes.
inline float sum_of_eight(__m256 v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

inline float sum_of_lanes(const Floats (&sums)[2]) { return sum_of_eight(add(sums[0], sums[1])); }

}  // namespace roste::cpu::simd::avx2
#define ROSTE_SIMD_NAMESPACE avx2
#include "roste/cpu/simd/kv_rows_kernel.inc"
#undef ROSTE_SIMD_NAMESPACE
ROSTE_TARGET_END

ROSTE_TARGET_AVX512
namespace roste::cpu::simd::avx512 {

template <int Bits>
struct RowValues {
  __m512i zero;

  explicit RowValues(std::int32_t stored_zero) : zero(_mm512_set1_epi32(stored_zero)) {}

  Floats at(const std::uint8_t* codes) const {
    return _mm512_maskz_cvtepi32_ps(0xffff, _mm512_sub_epi32(expand_codes<Bits>(codes), zero));
  }
};

// The sixteen values that a code of four bits can have, looked up by its low bits.
template <>
struct RowValues<4> {
  Floats table;

  explicit RowValues(std::int32_t stored_zero)
      : table(_mm512_maskz_cvtepi32_ps(
            0xffff, _mm512_sub_epi32(lane_numbers(), _mm512_set1_epi32(stored_zero)))) {}

  Floats at(const std::uint8_t* codes) const {
    const __m512i words =
        _mm512_castsi128_si512(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(codes)));
    const __m512i word = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    const __m512i shift =
        _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28);
    const __m512i spread =
        _mm512_maskz_srlv_epi32(0xffff, _mm512_maskz_permutexvar_epi32(0xffff, word, words), shift);
    return _mm512_maskz_permutexvar_ps(0xffff, spread, table);  // ignores all but four bits
  }
};

inline float sum_of_lanes(const Floats (&sums)[1]) {
  return avx2::sum_of_eight(_mm256_add_ps(_mm512_castps512_ps256(sums[0]),
                                          _mm512_maskz_extractf32x8_ps(0xff, sums[0], 1)));
}

}  // namespace roste::cpu::simd::avx512
#define ROSTE_SIMD_NAMESPACE avx512
#include "roste/cpu/simd/kv_rows_kernel.inc"
#undef ROSTE_SIMD_NAMESPACE
ROSTE_TARGET_END
#endif
