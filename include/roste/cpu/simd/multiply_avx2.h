// The names of multiply_avx512.h with eight 32-bit integers. AVX2's product of bytes saturates, so
// bytes are widened to 16 bits, and vpmaddwd adds exact products of pairs.
#pragma once

#include <cstdint>
#include <cstring>

#include "roste/cpu/simd/float_avx2.h"
#include "roste/cpu/simd/multiply_tile.h"

#if ROSTE_X86_KERNELS
ROSTE_TARGET_AVX2
namespace roste::cpu::simd::avx2 {

// The inputs 0 and 2 of a step, and its inputs 1 and 3, as pairs of 16 bits per lane.
struct Pairs {
  __m256i even, odd;
};

using Ints = __m256i;
using Activations = Pairs;
using Weights = Pairs;
using detail::CodeWidth;

inline constexpr int kTileRows = 4;         // 8 sums, 4 weights, 2 activations, 1 mask: 15 of 16
inline constexpr int kPasses = 2;           // passes over a panel
inline constexpr int kChunkRowBytes = 128;  // of one row in a chunk of activations

inline void prefetch(const std::uint8_t* w) {
  _mm_prefetch(reinterpret_cast<const char*>(w), _MM_HINT_T0);
}

inline void prefetch_to_write(const float* y) { __builtin_prefetch(y, 1); }

inline Ints broadcast_int(std::int32_t x) { return _mm256_set1_epi32(x); }
inline Ints load_ints(const std::int32_t* x) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x));
}
inline Ints add_ints(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
inline Ints subtract_ints(Ints a, Ints b) { return _mm256_sub_epi32(a, b); }
inline Ints multiply_ints(Ints a, Ints b) { return _mm256_mullo_epi32(a, b); }
inline Floats to_floats(Ints a) { return _mm256_cvtepi32_ps(a); }

inline Activations load_activations(const std::int8_t* x) {
  std::int32_t even, odd;
  std::memcpy(&even, x, sizeof(even));
  std::memcpy(&odd, x + kChunkRowBytes / 2, sizeof(odd));
  return {_mm256_set1_epi32(even), _mm256_set1_epi32(odd)};
}

// The outputs [16 v + 8 pass, 16 v + 8 pass + 8), v = 0, 1, of one step.
template <CodeWidth width>
inline void load_weights(const std::uint8_t* step, int pass, Weights (&w)[2]) {
  const auto* bytes = reinterpret_cast<const __m256i*>(step);
  const __m256i first = _mm256_loadu_si256(bytes + pass);
  if constexpr (width == CodeWidth::kByte) {
    const __m256i second = _mm256_loadu_si256(bytes + 2 + pass);
    const __m256i low_byte = _mm256_set1_epi16(0x00ff);
    w[0] = {_mm256_and_si256(first, low_byte), _mm256_srli_epi16(first, 8)};
    w[1] = {_mm256_and_si256(second, low_byte), _mm256_srli_epi16(second, 8)};
  } else {
    const __m256i low_half = _mm256_set1_epi16(0x000f);
    w[0] = {_mm256_and_si256(first, low_half),
            _mm256_and_si256(_mm256_srli_epi16(first, 8), low_half)};
    w[1] = {_mm256_and_si256(_mm256_srli_epi16(first, 4), low_half), _mm256_srli_epi16(first, 12)};
  }
}

inline Ints dot(Ints sum, Weights w, Activations x) {
  sum = _mm256_add_epi32(sum, _mm256_madd_epi16(w.even, x.even));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(w.odd, x.odd));
}

// One row of a chunk, from 64 signed bytes.
inline void store_chunk_row(const std::int8_t* t, std::int8_t* out) {
  for (int half = 0; half < 2; ++half) {
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(t) + half);
    const __m256i even = _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8);
    auto* pairs = reinterpret_cast<__m256i*>(out) + half;
    _mm256_storeu_si256(pairs, even);
    _mm256_storeu_si256(pairs + 2, _mm256_srai_epi16(bytes, 8));
  }
}

inline void widen_chunks(const std::int8_t* bytes, std::int64_t chunk_rows, std::int8_t* out) {
  for (std::int64_t r = 0; r < chunk_rows; ++r) {
    store_chunk_row(bytes + r * detail::kChunkInputs, out + r * kChunkRowBytes);
  }
}

}  // namespace roste::cpu::simd::avx2
ROSTE_TARGET_END
#endif
