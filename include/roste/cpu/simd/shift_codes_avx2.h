// The names of shift_codes_avx512.h with 32 bytes.
#pragma once

#include <cstdint>
#include <cstring>

#include "roste/cpu/simd/target.h"

#if ROSTE_X86_KERNELS
ROSTE_TARGET_AVX2
namespace roste::cpu::simd::avx2 {

using Bytes = __m256i;
inline constexpr int kBytes = 32;

inline Bytes broadcast_byte(std::int32_t x) { return _mm256_set1_epi8(static_cast<char>(x)); }
inline Bytes subtract_bytes(Bytes a, Bytes b) { return _mm256_sub_epi8(a, b); }

inline Bytes load_bytes(const void* x) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(x));
}
inline void store_bytes(void* x, Bytes v) { _mm256_storeu_si256(static_cast<__m256i*>(x), v); }

// The first n bytes, 1 ... 31; the others are `rest` and are not read from memory.
inline Bytes load_first_bytes(const void* x, std::int64_t n, Bytes rest) {
  std::memcpy(&rest, x, static_cast<std::size_t>(n));
  return rest;
}
inline void store_first_bytes(void* x, std::int64_t n, Bytes v) {
  std::memcpy(x, &v, static_cast<std::size_t>(n));
}

// The larger one of unsigned bytes.
inline Bytes larger_bytes(Bytes a, Bytes b) { return _mm256_max_epu8(a, b); }
inline bool any_above(Bytes a, Bytes limit) {
  const __m256i within = _mm256_cmpeq_epi8(_mm256_max_epu8(a, limit), limit);
  return _mm256_movemask_epi8(within) != -1;
}

// Sums of bytes, eight to a lane of 64 bits. vpsadbw adds unsigned bytes, so signed ones are raised
// by 128 each.
using ByteSums = __m256i;
inline ByteSums no_sums() { return _mm256_setzero_si256(); }
inline ByteSums add_bytes(ByteSums sums, Bytes v, std::uint8_t) {
  return _mm256_add_epi64(sums, _mm256_sad_epu8(v, _mm256_setzero_si256()));
}
inline ByteSums add_bytes(ByteSums sums, Bytes v, std::int8_t) {
  return add_bytes(sums, _mm256_xor_si256(v, broadcast_byte(0x80)), std::uint8_t{});
}
// registers: how many were added up.
inline std::int64_t total(ByteSums sums, std::int64_t, std::uint8_t) {
  alignas(32) std::int64_t lanes[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sums);
  return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}
inline std::int64_t total(ByteSums sums, std::int64_t registers, std::int8_t) {
  return total(sums, registers, std::uint8_t{}) - 128 * kBytes * registers;
}

// Totals of signed bytes, modulo 2^32.
inline void take_totals(const ByteSums (&sums)[4], std::int64_t registers,
                        std::int32_t (&totals)[4]) {
  for (int r = 0; r < 4; ++r) {
    totals[r] = static_cast<std::int32_t>(total(sums[r], registers, std::int8_t{}));
  }
}

}  // namespace roste::cpu::simd::avx2
ROSTE_TARGET_END
#endif
