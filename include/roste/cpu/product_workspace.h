// Memory that integer products use while they run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "roste/core/grid.h"
#include "roste/cpu/detail/aligned_vector.h"
#include "roste/cpu/simd/multiply_tile.h"

namespace roste::cpu {

// Grows to what the largest call needs and is kept between calls; the contents mean nothing outside
// of one. One thread at a time.
struct ProductWorkspace {
  std::optional<ProductMethod> method;   // where operands allow it; the faster one if empty
  AlignedVector<std::uint8_t> codes;     // codes of the floats that are being quantized
  AlignedVector<std::uint8_t> rows;      // shifted codes of a panel of weights
  AlignedVector<std::uint8_t> panels;    // of weights, half bytes widened to bytes
  AlignedVector<std::int8_t> bytes;      // shifted codes of a tile, before they are widened
  AlignedVector<std::int8_t> tiles;      // activations arranged for the kernels
  std::vector<GroupParams> params;       // of the floats that are being quantized
  std::vector<detail::RowTerms> terms;   // [tile][group][row of the tile]
  std::vector<detail::TileRows> blocks;  // the tiles of a block of rows
};

namespace detail {

// The first `size` values of a buffer, which grows if it must.
template <class Vector>
auto* reserved(Vector& buffer, std::int64_t size) {
  if (buffer.size() < static_cast<std::size_t>(size)) buffer.resize(static_cast<std::size_t>(size));
  return buffer.data();
}

}  // namespace detail

}  // namespace roste::cpu
