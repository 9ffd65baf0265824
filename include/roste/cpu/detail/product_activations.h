// Quantized activations, arranged in tiles for the kernels of the integer product.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>

#include "roste/core/product.h"
#include "roste/cpu/detail/shift_codes.h"
#include "roste/cpu/product_rows.h"
#include "roste/cpu/simd/multiply.h"
#include "roste/cpu/weight_panels.h"

namespace roste::cpu::detail {

// What stays in a level-2 cache while a block is multiplied: all weights beside one tile, or a
// larger block beside one panel of weights. All activations are one block even where they fill most
// of the cache, as a second block would read all weights again (128 x 4096 x 4096 takes 0.92 of the
// time).
inline constexpr std::int64_t kCachedWeightBytes = 384 * 1024;
inline constexpr std::int64_t kCachedBlockBytes = 256 * 1024;
inline constexpr std::int64_t kOneBlockBytes = 640 * 1024;

// Rows of a block of a product of `tokens` rows, at least 1: whole tiles, shared out evenly.
inline std::int64_t block_rows(std::int64_t tokens, const WeightPanels& w, Isa isa) {
  const TileFormat format = tile_format(isa);
  if (panels_of(w.outputs) * w.panel_bytes() <= kCachedWeightBytes) return format.rows;
  const std::int64_t row_bytes = chunks_of(w.inputs) * format.chunk_row_bytes;
  if (tokens * row_bytes <= kOneBlockBytes) return std::max<std::int64_t>(1, tokens);
  const std::int64_t most =
      std::max<std::int64_t>(1, kCachedBlockBytes / (row_bytes * format.rows));
  const std::int64_t tiles = (tokens + format.rows - 1) / format.rows;
  const std::int64_t blocks = (tiles + most - 1) / most;
  return (tiles + blocks - 1) / blocks * format.rows;
}

// Refuses grids of more than 8 bits and groups that cut the inputs in other places than those of
// the weights.
inline void check_activations(const Scheme& scheme, const WeightPanels& w) {
  check_product_grid("activations", scheme.grid);
  if (scheme.grouping.kind != Grouping::Kind::kGroup) return;
  if (scheme.grouping.size == w.group_size || scheme.grouping.size >= w.inputs) return;
  throw std::invalid_argument("roste: activations in groups of " +
                              std::to_string(scheme.grouping.size) +
                              " values times weights in groups of " + std::to_string(w.group_size) +
                              "; expected equal groups, or none");
}

// t = q - shift fits a signed byte: q - z where that does, so that delta is 0.
inline std::int32_t activation_shift(CodeRange codes, std::int64_t zero) {
  if (codes.min - zero >= -128 && codes.max - zero <= 127) return static_cast<std::int32_t>(zero);
  return codes.max > 127 ? 128 : 0;
}

// Arranges blocks of rows for products with given weights.
class ActivationArranger {
 public:
  ActivationArranger(CodeRange codes, const WeightPanels& w, ProductWorkspace& workspace, Isa isa)
      : codes_(codes), w_(w), workspace_(workspace), isa_(isa), format_(tile_format(isa)) {
    if (widens()) bytes_ = reserved(workspace.bytes, chunks_ * kChunkInputs * format_.rows);
  }

  // The tiles of a block of rows, cut into sizes as equal as can be. first_row: of the whole
  // matrix, for errors. Throws std::invalid_argument.
  template <class Code>
  std::span<const TileRows> arrange(const QuantizedRows<Code>& rows, std::int64_t first_row) {
    const std::int64_t count = rows.codes.rows;
    const std::int64_t tiles = (count + format_.rows - 1) / format_.rows;
    const std::int64_t row_bytes = chunks_ * format_.chunk_row_bytes;
    std::int8_t* x = reserved(workspace_.tiles, count * row_bytes);
    RowTerms* terms = reserved(workspace_.terms, count * w_.groups);
    TileRows* blocks = reserved(workspace_.blocks, tiles);
    for (std::int64_t t = 0; t < tiles; ++t) {
      const RowRange range{t * count / tiles, (t + 1) * count / tiles};
      blocks[t] = {x + range.first * row_bytes, terms + range.first * w_.groups, range.first,
                   range.count(), Correction::kInStart};
      fill(rows, first_row, x + range.first * row_bytes, terms + range.first * w_.groups,
           blocks[t]);
    }
    check_product_bound(w_.group_size, largest_offset_, w_.largest_offset);
    return {blocks, static_cast<std::size_t>(tiles)};
  }

 private:
  template <class Code>
  void fill(const QuantizedRows<Code>& rows, std::int64_t first_row, std::int8_t* x,
            RowTerms* terms, TileRows& tile) {
    take_params(rows, tile, terms);
    const MatrixView<const Code> codes = rows_of(rows.codes, {tile.first, tile.first + tile.count});
    std::int8_t* bytes = widens() ? bytes_ : x;
    bool valid = true;
    for (std::int64_t g = 0; g < w_.groups; ++g) {
      valid &= take_codes(codes, g, terms + g * tile.count, bytes);
    }
    if (!valid) {
      throw_code_outside("activations", first_row + tile.first + row_outside(codes), codes_);
    }
    if (widens()) widen_chunks(bytes, tile.count * chunks_, x);
    tile.correction =
        set_starts(std::span(terms, static_cast<std::size_t>(tile.count * w_.groups)));
  }

  // All terms but sums and starts; `start` holds the shift until then.
  template <class Code>
  void take_params(const QuantizedRows<Code>& rows, const TileRows& tile, RowTerms* terms) {
    for (std::int64_t g = 0; g < w_.groups; ++g) {
      for (std::int64_t r = 0; r < tile.count; ++r) {
        const GroupParams params =
            w_.inputs > 0 ? rows.params_of(tile.first + r, g) : GroupParams{};
        const std::int32_t shift = activation_shift(codes_, params.zero);
        const std::int64_t delta = static_cast<std::int64_t>(shift) - params.zero;
        largest_offset_ = std::max(largest_offset_, largest_offset(codes_, params.zero));
        *terms++ = {shift, 0, static_cast<std::int32_t>(delta), params.scale};
      }
    }
  }

  // Shifted bytes of a group into all chunks of a tile, their sums into its terms. False for a code
  // outside of the grid. A group that begins within a chunk is cut at its end.
  template <class Code>
  bool take_codes(MatrixView<const Code> codes, std::int64_t group, RowTerms* terms,
                  std::int8_t* bytes) const {
    const std::int64_t chunk_bytes = codes.rows * kChunkInputs;
    const std::int64_t last = group * w_.group_size + w_.group_inputs(group);
    bool valid = true;
    for (std::int64_t i = group * w_.group_size; i < last;) {
      const std::int64_t within = i % kChunkInputs;
      const std::int64_t n = within == 0 ? last - i : std::min(last - i, kChunkInputs - within);
      const MatrixView<const Code> run(codes.row(0) + i, codes.rows, n, codes.stride);
      std::int8_t* out = bytes + i / kChunkInputs * chunk_bytes + within;
      valid &= shift_rows(run, codes_, terms, {out, chunk_bytes}, isa_);
      i += n;
    }
    return valid;
  }

  // The first row with a code outside of the grid.
  template <class Code>
  std::int64_t row_outside(MatrixView<const Code> codes) const {
    const auto outside = [&](Code code) { return code < codes_.min || code > codes_.max; };
    std::int64_t r = 0;
    while (std::none_of(codes.row(r), codes.row(r) + codes.cols, outside)) ++r;
    return r;
  }

  Correction set_starts(std::span<RowTerms> terms) const {
    bool in_start = w_.one_zero;
    for (const RowTerms& row : terms) in_start &= row.delta == 0;
    for (RowTerms& row : terms) {
      const std::int64_t product = static_cast<std::int64_t>(w_.zero) * row.sum;
      row.start = in_start ? static_cast<std::int32_t>(-product) : 0;  // modulo 2^32
    }
    return in_start ? Correction::kInStart : Correction::kPerOutput;
  }

  // Kernels read wider numbers than bytes.
  bool widens() const { return format_.chunk_row_bytes != kChunkInputs; }

  CodeRange codes_;
  const WeightPanels& w_;
  ProductWorkspace& workspace_;
  Isa isa_;
  TileFormat format_;
  std::int64_t chunks_ = chunks_of(w_.inputs);
  std::int8_t* bytes_ = nullptr;     // a tile before it is widened
  std::int64_t largest_offset_ = 1;  // of |q - z|, so far
};

}  // namespace roste::cpu::detail
