// Sixteen 32-bit integers in an AVX-512 register and the dot product of vpdpbusd, which does not
// saturate. Names shared with multiply_avx2.h.
#pragma once

#include <cstdint>
#include <cstring>

#include "roste/cpu/simd/float_avx512.h"
#include "roste/cpu/simd/multiply_tile.h"

#if ROSTE_X86_KERNELS
ROSTE_TARGET_AVX512
namespace roste::cpu::simd::avx512 {

using Ints = __m512i;
using Activations = __m512i;  // 4 signed bytes of one row in every lane
using Weights = __m512i;      // 4 unsigned bytes of one output per lane
using detail::CodeWidth;

inline constexpr int kTileRows = 12;       // 24 sums, 2 weights, 1 activation, 1 mask: 28 of 32
inline constexpr int kPasses = 1;          // passes over a panel
inline constexpr int kChunkRowBytes = 64;  // of one row in a chunk of activations

inline void prefetch(const std::uint8_t* w) {
  _mm_prefetch(reinterpret_cast<const char*>(w), _MM_HINT_T0);
}

inline void prefetch_to_write(const float* y) { __builtin_prefetch(y, 1); }

inline Ints broadcast_int(std::int32_t x) { return _mm512_set1_epi32(x); }
inline Ints load_ints(const std::int32_t* x) { return _mm512_loadu_si512(x); }
inline Ints add_ints(Ints a, Ints b) { return _mm512_add_epi32(a, b); }
inline Ints subtract_ints(Ints a, Ints b) { return _mm512_sub_epi32(a, b); }
inline Ints multiply_ints(Ints a, Ints b) { return _mm512_mullo_epi32(a, b); }
inline Floats to_floats(Ints a) { return _mm512_maskz_cvtepi32_ps(0xffff, a); }

inline Activations load_activations(const std::int8_t* x) {
  std::int32_t four;
  std::memcpy(&four, x, sizeof(four));
  return _mm512_set1_epi32(four);
}

// The outputs [16 v, 16 v + 16), v = 0, 1, of one step.
template <CodeWidth width>
inline void load_weights(const std::uint8_t* step, int, Weights (&w)[2]) {
  w[0] = _mm512_loadu_si512(step);
  if constexpr (width == CodeWidth::kByte) {
    w[1] = _mm512_loadu_si512(step + 64);
  } else {
    const __m512i low_halves = _mm512_set1_epi8(0x0f);
    w[1] = _mm512_and_si512(_mm512_srli_epi16(w[0], 4), low_halves);
    w[0] = _mm512_and_si512(w[0], low_halves);
  }
}

inline __m512i add_in_bytes(__m512i a, __m512i b) { return _mm512_add_epi8(a, b); }

inline Ints dot(Ints sum, Weights w, Activations x) { return _mm512_dpbusd_epi32(sum, w, x); }

}  // namespace roste::cpu::simd::avx512
ROSTE_TARGET_END
#endif
