// The integer product with half of the multiplications, for codes of up to 6 bits.
//
// An inner product's terms are taken two at a time (S. Winograd, A New Algorithm for Inner Product,
// IEEE Transactions on Computers C-17, 1968):
//
//   u_a t_a + u_b t_b = (u_a + t_b + c)(u_b + t_a)  -  u_b (u_a + c)  -  t_a (t_b + c)
//
// The last two terms belong to an output and to a row alone and are summed once for each. Additions
// take the place of multiplications, which pays where a processor has more units for them: with 4
// bits all of it is exact in bytes and in the same 32-bit sums. a runs over the inputs of even
// steps, b over those of the odd step that follows, four to a lane; c = kPairOffset keeps the first
// factor, which vpdpbusd takes as unsigned, from being negative. Arithmetic is modulo 2^32.
//
// Read it after multiply_kernel.inc.
#pragma once

#include <algorithm>
#include <cstdint>

#include "roste/cpu/simd/multiply_tile.h"

#if ROSTE_X86_KERNELS
ROSTE_TARGET_AVX512
namespace roste::cpu::simd::avx512 {

inline constexpr int kPairedTileRows = 10;  // 20 sums, 4 weights, 4 factors: 28 of 32

// The codes of one step, at tile.w or where the kernel has come from there.
template <CodeWidth width>
struct ReadCodes {
  static constexpr std::int64_t kBytes = detail::step_bytes(width);
  static void load(const std::uint8_t* step, const ProductTile&, std::int64_t, Weights (&w)[2]) {
    load_weights<width>(step, 0, w);
  }
};

// The same for half bytes, which are written as bytes on the way: two steps take 6 instructions into
// registers, beside 6 per row, and the tiles that follow are spared them.
struct WidenCodes {
  static constexpr std::int64_t kBytes = detail::step_bytes(CodeWidth::kNibble);
  static void load(const std::uint8_t* step, const ProductTile& tile, std::int64_t s,
                   Weights (&w)[2]) {
    load_weights<CodeWidth::kNibble>(step, 0, w);
    std::uint8_t* bytes = tile.wide + s * detail::step_bytes(CodeWidth::kByte);
    for (int v = 0; v < 2; ++v) _mm512_storeu_si512(bytes + 64 * v, w[v]);
  }
};

template <class Codes>
struct Paired {
  template <int Rows>
  static void start(const ProductTile& tile, int, Sums<Rows>& sums) {
    const Ints pairs[2] = {load_ints(tile.outputs.pairs), load_ints(tile.outputs.pairs + 16)};
#pragma GCC unroll 12
    for (int r = 0; r < Rows; ++r) {
      const Ints start = broadcast_int(tile.rows[r].start);
      sums.of[r][0] = subtract_ints(start, pairs[0]);
      sums.of[r][1] = subtract_ints(start, pairs[1]);
    }
  }

  template <int Rows>
  static void add_steps(const ProductTile& tile, int, Sums<Rows>& sums) {
    constexpr std::int64_t kSteps = detail::kChunkSteps, kBytes = Codes::kBytes;
    const std::uint8_t* w = tile.w + tile.steps.first * kBytes;
    for (std::int64_t step = tile.steps.first; step < tile.steps.last;) {
      const std::int64_t last = std::min(tile.steps.last, (step / kSteps + 1) * kSteps);
      const std::int8_t* x =
          tile.x + step / kSteps * Rows * kChunkRowBytes + step % kSteps * detail::kStepInputs;
      for (; step < last; step += 2) {
        Weights even[2], odd[2];
        Codes::load(w, tile, step, even);
        Codes::load(w + kBytes, tile, step + 1, odd);
#pragma GCC unroll 12
        for (int r = 0; r < Rows; ++r) {
          const Activations t_a = load_activations(x + r * kChunkRowBytes);
          const Activations t_b =
              load_activations(x + r * kChunkRowBytes + detail::kStepInputs);  // c added
          sums.of[r][0] = dot(sums.of[r][0], add_in_bytes(even[0], t_b), add_in_bytes(odd[0], t_a));
          sums.of[r][1] = dot(sums.of[r][1], add_in_bytes(even[1], t_b), add_in_bytes(odd[1], t_a));
        }
        x += 2 * detail::kStepInputs;
        w += 2 * kBytes;
      }
      const bool asks = step == tile.steps.first + detail::kStepsBeforeResults;
      if (asks && tile.cols == detail::kPanelOutputs) prefetch_results<Rows>(tile);
    }
  }
};

// pairs [32] := sum u_b (u_a + c) of every output over some steps of a panel, from an even one on.
template <CodeWidth width>
void sum_weight_pairs(const std::uint8_t* panel, detail::StepRange steps, std::int32_t* pairs) {
  constexpr std::int64_t kBytes = detail::step_bytes(width);
  const __m512i offset = _mm512_set1_epi8(detail::kPairOffset);
  Ints sums[2] = {broadcast_int(0), broadcast_int(0)};
  for (std::int64_t step = steps.first; step < steps.last; step += 2) {
    Weights even[2], odd[2];
    load_weights<width>(panel + step * kBytes, 0, even);
    load_weights<width>(panel + (step + 1) * kBytes, 0, odd);
    for (int v = 0; v < 2; ++v) sums[v] = dot(sums[v], add_in_bytes(even[v], offset), odd[v]);
  }
  for (int v = 0; v < 2; ++v) _mm512_storeu_si512(pairs + 16 * v, sums[v]);
}

// Adds c to the odd steps of one row within its part of a chunk, and to every lane of `sums` its
// share of the sum of t_a (t_b + c). pairs: of steps, within the chunk.
inline Ints offset_odd_steps(std::int8_t* row, detail::StepRange pairs, Ints sums) {
  const auto lanes = static_cast<__mmask8>((1u << pairs.last) - (1u << pairs.first));
  const __m512i t = _mm512_add_epi8(_mm512_maskz_loadu_epi64(lanes, row),
                                    _mm512_set1_epi64(0x0101010100000000 * detail::kPairOffset));
  _mm512_mask_storeu_epi64(row, lanes, t);
  return dot(sums, _mm512_maskz_srli_epi64(lanes, t, 32), t);
}

// The same for some steps of all rows of a tile, from an even one on.
inline void offset_odd_steps(std::int8_t* tile, detail::StepRange steps, std::int64_t rows,
                             detail::RowTerms* terms) {
  constexpr std::int64_t kPairs = detail::kChunkSteps / 2;
  const detail::StepRange pairs{steps.first / 2, steps.last / 2};
  for (std::int64_t r = 0; r < rows; ++r) {
    Ints sums = broadcast_int(0);
    for (std::int64_t pair = pairs.first; pair < pairs.last;) {
      const std::int64_t chunk = pair / kPairs, begin = chunk * kPairs;
      const std::int64_t end = std::min(pairs.last, begin + kPairs);
      std::int8_t* row = tile + (chunk * rows + r) * detail::kChunkInputs;
      sums = offset_odd_steps(row, {pair - begin, end - begin}, sums);
      pair = end;
    }
    terms[r].start =
        static_cast<std::int32_t>(static_cast<std::uint32_t>(terms[r].start) -
                                  static_cast<std::uint32_t>(_mm512_reduce_add_epi32(sums)));
  }
}

}  // namespace roste::cpu::simd::avx512
ROSTE_TARGET_END
#endif
