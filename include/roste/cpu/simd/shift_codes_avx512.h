// Sixty-four bytes in an AVX-512 register. Names shared with shift_codes_avx2.h.
#pragma once

#include <cstdint>

#include "roste/cpu/simd/target.h"

#if ROSTE_X86_KERNELS
ROSTE_TARGET_AVX512
namespace roste::cpu::simd::avx512 {

using Bytes = __m512i;
inline constexpr int kBytes = 64;

inline Bytes broadcast_byte(std::int32_t x) { return _mm512_set1_epi8(static_cast<char>(x)); }
inline Bytes subtract_bytes(Bytes a, Bytes b) { return _mm512_sub_epi8(a, b); }

inline Bytes load_bytes(const void* x) { return _mm512_loadu_si512(x); }
inline void store_bytes(void* x, Bytes v) { _mm512_storeu_si512(x, v); }

// The first n bytes, 1 ... 63; the others are `rest` and are not read from memory.
inline __mmask64 first_bytes(std::int64_t n) { return ~__mmask64{0} >> (kBytes - n); }
inline Bytes load_first_bytes(const void* x, std::int64_t n, Bytes rest) {
  return _mm512_mask_loadu_epi8(rest, first_bytes(n), x);
}
inline void store_first_bytes(void* x, std::int64_t n, Bytes v) {
  _mm512_mask_storeu_epi8(x, first_bytes(n), v);
}

// The larger one of unsigned bytes.
inline Bytes larger_bytes(Bytes a, Bytes b) { return _mm512_max_epu8(a, b); }
inline bool any_above(Bytes a, Bytes limit) { return _mm512_cmpgt_epu8_mask(a, limit) != 0; }

// Sums of bytes, four to a lane; the second operand of vpdpbusd is unsigned, the third signed.
using ByteSums = __m512i;
inline ByteSums no_sums() { return _mm512_setzero_si512(); }
inline ByteSums add_bytes(ByteSums sums, Bytes v, std::int8_t) {
  return _mm512_dpbusd_epi32(sums, broadcast_byte(1), v);
}
inline ByteSums add_bytes(ByteSums sums, Bytes v, std::uint8_t) {
  return _mm512_dpbusd_epi32(sums, v, broadcast_byte(1));
}
template <class Byte>
inline std::int64_t total(ByteSums sums, std::int64_t, Byte) {
  return _mm512_reduce_add_epi32(sums);
}

// Of every four 32-bit lanes: the sums of lanes 0 and 2 of a and of b, then of lanes 1 and 3.
inline __m512i add_halves(__m512i a, __m512i b) {
  return _mm512_add_epi32(_mm512_maskz_unpacklo_epi32(0xffff, a, b),
                          _mm512_maskz_unpackhi_epi32(0xffff, a, b));
}
// Totals of signed bytes, modulo 2^32.
inline void take_totals(const ByteSums (&sums)[4], std::int64_t, std::int32_t (&totals)[4]) {
  const __m512i first = add_halves(sums[0], sums[1]), second = add_halves(sums[2], sums[3]);
  const __m512i lanes = _mm512_add_epi32(_mm512_maskz_unpacklo_epi64(0xff, first, second),
                                         _mm512_maskz_unpackhi_epi64(0xff, first, second));
  const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(lanes),
                                        _mm512_maskz_extracti64x4_epi64(0xf, lanes, 1));
  const __m128i four =
      _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(totals), four);
}

}  // namespace roste::cpu::simd::avx512
ROSTE_TARGET_END
#endif
