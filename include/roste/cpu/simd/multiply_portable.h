// The kernel of the integer product in plain C++, the reference of the others.
#pragma once

#include <algorithm>
#include <cstdint>

#include "roste/core/product.h"
#include "roste/cpu/simd/multiply_tile.h"

namespace roste::cpu::simd::portable {

using detail::CodeWidth;
using detail::ProductTile;

inline constexpr int kTileRows = 1;
inline constexpr int kChunkRowBytes = detail::kChunkInputs;

inline std::uint32_t dot4(const std::int32_t (&x)[4], const std::uint8_t* w, int shift, int mask) {
  return static_cast<std::uint32_t>(
      x[0] * ((w[0] >> shift) & mask) + x[1] * ((w[1] >> shift) & mask) +
      x[2] * ((w[2] >> shift) & mask) + x[3] * ((w[3] >> shift) & mask));
}

// Sums of one step of one row, modulo 2^32.
template <CodeWidth width>
void add_step(const std::int8_t* x, const std::uint8_t* w,
              std::uint32_t (&sums)[detail::kPanelOutputs]) {
  const std::int32_t four[4] = {x[0], x[1], x[2], x[3]};
  if constexpr (width == CodeWidth::kByte) {
    for (int c = 0; c < 32; ++c) sums[c] += dot4(four, w + 4 * c, 0, 0xff);
  } else {
    for (int c = 0; c < 16; ++c) sums[c] += dot4(four, w + 4 * c, 0, 0x0f);
    for (int c = 0; c < 16; ++c) sums[c + 16] += dot4(four, w + 4 * c, 4, 0x0f);
  }
}

// The sum of one output after Correction::kPerOutput.
inline std::uint32_t corrected(std::uint32_t sum, const ProductTile& tile, std::int64_t output) {
  const detail::RowTerms& x = tile.rows[0];
  sum -= static_cast<std::uint32_t>(tile.outputs.zeros[output]) * static_cast<std::uint32_t>(x.sum);
  return sum + static_cast<std::uint32_t>(tile.outputs.centres[output]) *
                   static_cast<std::uint32_t>(x.delta);
}

template <CodeWidth width>
void multiply_tile(const ProductTile& tile) {
  std::uint32_t sums[detail::kPanelOutputs];
  std::fill(sums, sums + detail::kPanelOutputs, static_cast<std::uint32_t>(tile.rows[0].start));
  for (std::int64_t step = tile.steps.first; step < tile.steps.last; ++step) {
    add_step<width>(tile.x + step * detail::kStepInputs, tile.w + step * detail::step_bytes(width),
                    sums);
  }
  for (std::int64_t c = 0; c < tile.cols; ++c) {
    const bool per_output = tile.correction == detail::Correction::kPerOutput;
    const std::uint32_t sum = per_output ? corrected(sums[c], tile, c) : sums[c];
    tile.y[c] = scaled_product(static_cast<std::int32_t>(sum), tile.rows[0].scale,
                               tile.outputs.scales[c], tile.onto[c]);
  }
}

}  // namespace roste::cpu::simd::portable
