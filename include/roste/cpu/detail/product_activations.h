// Quantized activations, arranged in tiles for the kernels of the integer product.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
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

inline std::int64_t tiles_of(std::int64_t tokens, ProductRoute route) {
  const std::int64_t rows = tile_format(route).rows;
  return (tokens + rows - 1) / rows;
}

// Rows of a block of a product of `tokens` rows, at least 1: whole tiles, shared out evenly.
inline std::int64_t block_rows(std::int64_t tokens, const WeightPanels& w, ProductRoute route) {
  const TileFormat format = tile_format(route);
  if (panels_of(w.outputs) * w.panel_bytes() <= kCachedWeightBytes) return format.rows;
  const std::int64_t row_bytes = chunks_of(w.inputs) * format.chunk_row_bytes;
  if (tokens * row_bytes <= kOneBlockBytes) return std::max<std::int64_t>(1, tokens);
  const std::int64_t most =
      std::max<std::int64_t>(1, kCachedBlockBytes / (row_bytes * format.rows));
  const std::int64_t tiles = tiles_of(tokens, route);
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

// What codes are shifted by, so that t = q - shift fits a signed byte, or, for a paired product, is
// not larger than the range of codes: z where that does, so that delta is 0.
class ActivationShift {
 public:
  ActivationShift(CodeRange codes, ProductMethod method)
      : least_(std::int64_t{codes.max} - 127),
        most_(std::int64_t{codes.min} + 128),
        otherwise_(codes.max > 127 ? 128 : 0) {
    if (method == ProductMethod::kPlain) return;
    least_ = otherwise_ = codes.min;
    most_ = codes.max;
  }
  std::int32_t of(std::int32_t zero) const {
    return zero >= least_ && zero <= most_ ? zero : otherwise_;
  }

 private:
  std::int64_t least_, most_;  // zero points that fit
  std::int32_t otherwise_;
};

// Arranges blocks of rows for products with given weights.
class ActivationArranger {
 public:
  ActivationArranger(CodeRange codes, const WeightPanels& w, ProductWorkspace& workspace,
                     ProductRoute route)
      : codes_(codes), w_(w), workspace_(workspace), route_(route), format_(tile_format(route)) {
    if (widens()) bytes_ = reserved(workspace.bytes, chunks_ * kChunkInputs * format_.rows);
  }

  // The tiles of a block of rows, cut into sizes as equal as can be. first_row: of the whole
  // matrix, for errors. Throws std::invalid_argument.
  template <class Code>
  std::span<const TileRows> arrange(const QuantizedRows<Code>& rows, std::int64_t first_row) {
    const std::int64_t count = rows.codes.rows;
    const std::int64_t tiles = tiles_of(count, route_);
    const std::int64_t row_bytes = chunks_ * format_.chunk_row_bytes;
    std::int8_t* x = reserved(workspace_.tiles, count * row_bytes);
    RowTerms* terms = reserved(workspace_.terms, count * w_.groups);
    TileRows* blocks = reserved(workspace_.blocks, tiles);
    const std::int64_t rows_each = tiles > 0 ? count / tiles : 0;
    const std::int64_t with_one_more = count - rows_each * tiles;
    RowRange range;
    for (std::int64_t t = 0; t < tiles; ++t) {
      range = {range.last, range.last + rows_each + (t < with_one_more ? 1 : 0)};
      blocks[t] = {x + range.first * row_bytes, terms + range.first * w_.groups, range.first,
                   range.count(), Correction::kInStart};
      fill(rows, first_row, x + range.first * row_bytes, terms + range.first * w_.groups,
           blocks[t]);
    }
    check_bound();
    return {blocks, static_cast<std::size_t>(tiles)};
  }

 private:
  // Refuses zero points farther away than all before where a sum with them may not fit.
  void check_bound() {
    const std::int64_t offset =
        std::max(largest_offset(codes_, smallest_zero_), largest_offset(codes_, largest_zero_));
    if (offset <= checked_offset_) return;
    check_product_bound(w_.group_size, offset, w_.largest_offset);
    checked_offset_ = offset;
  }

  template <class Code>
  void fill(const QuantizedRows<Code>& rows, std::int64_t first_row, std::int8_t* x,
            RowTerms* terms, TileRows& tile) {
    const bool centred = take_params(rows, tile, terms);
    tile.correction = centred && w_.one_zero ? Correction::kInStart : Correction::kPerOutput;
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
    set_starts(std::span(terms, static_cast<std::size_t>(tile.count * w_.groups)), tile.correction);
    if (route_.method == ProductMethod::kPlain) return;
    for (std::int64_t g = 0; g < w_.groups; ++g) {
      offset_odd_steps(x, w_.steps(g), tile.count, terms + g * tile.count);
    }
  }

  // Scales, deltas, and shifts, which `start` holds until codes are taken. True when all deltas are
  // 0. Not inlined, as its loop then has the registers it needs.
  template <class Code>
  [[gnu::noinline]] bool take_params(const QuantizedRows<Code>& rows, const TileRows& tile,
                                     RowTerms* terms) {
    const ActivationShift shifts = shift_;
    const GroupParams none;  // of rows without values
    const std::int64_t count = tile.count, stride = w_.inputs > 0 ? rows.per_row : 0;
    std::int32_t smallest = smallest_zero_, largest = largest_zero_, deltas = 0;
    for (std::int64_t g = 0; g < w_.groups; ++g) {
      const GroupParams* params = w_.inputs > 0 ? &rows.params_of(tile.first, g) : &none;
      for (std::int64_t r = 0; r < count; ++r) {
        const auto [scale, zero] = params[r * stride];
        const std::int32_t shift = shifts.of(zero);
        const auto delta = static_cast<std::int32_t>(std::int64_t{shift} - zero);
        terms[g * count + r] = {shift, 0, delta, scale};
        deltas |= delta;
        smallest = std::min(smallest, zero);
        largest = std::max(largest, zero);
      }
    }
    smallest_zero_ = smallest, largest_zero_ = largest;
    return deltas == 0;
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
      valid &= shift_rows(run, codes_, terms, {out, chunk_bytes}, route_.isa);
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

  void set_starts(std::span<RowTerms> terms, Correction correction) const {
    const std::int32_t zero = correction == Correction::kInStart ? w_.zero : 0;
    for (RowTerms& row : terms) {  // modulo 2^32
      row.start = static_cast<std::int32_t>(0u - static_cast<std::uint32_t>(zero) *
                                                     static_cast<std::uint32_t>(row.sum));
    }
  }

  // Kernels read wider numbers than bytes.
  bool widens() const { return format_.chunk_row_bytes != kChunkInputs; }

  CodeRange codes_;
  const WeightPanels& w_;
  ProductWorkspace& workspace_;
  ProductRoute route_;
  ActivationShift shift_{codes_, route_.method};
  TileFormat format_;
  std::int64_t chunks_ = chunks_of(w_.inputs);
  std::int8_t* bytes_ = nullptr;     // a tile before it is widened
  std::int64_t checked_offset_ = 0;  // of |q - z|
  std::int32_t smallest_zero_ = std::numeric_limits<std::int32_t>::max();  // so far
  std::int32_t largest_zero_ = std::numeric_limits<std::int32_t>::min();
};

}  // namespace roste::cpu::detail
