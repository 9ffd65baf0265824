// The product of quantized activations and quantized weights, eq. (5), through exact integer sums.
//
// All instruction sets give the same bits (core/product.h says which), and so does every cut of the
// work: rows of the activations, or panels of the weights (ProductWeights::panels) with the
// matching columns of bias and y. That is how threads share a product; each has its own workspace.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "roste/cpu/detail/product_activations.h"
#include "roste/cpu/detail/rounding.h"
#include "roste/cpu/detail/wide_panels.h"
#include "roste/cpu/product_weights.h"
#include "roste/cpu/simd/multiply.h"

namespace roste::cpu {

namespace detail {

inline void check_product_shapes(std::int64_t tokens, std::int64_t inputs, const WeightPanels& w,
                                 std::span<const float> bias, MatrixView<float> y) {
  if (inputs != w.inputs) {
    throw std::invalid_argument("roste: activations of " + std::to_string(inputs) +
                                " values times weights of " + std::to_string(w.inputs) +
                                " inputs; expected equal numbers");
  }
  if (y.rows != tokens || y.cols != w.outputs) {
    throw std::invalid_argument("roste: a product of " + std::to_string(tokens) + " x " +
                                std::to_string(w.outputs) + " values into a " +
                                std::to_string(y.rows) + " x " + std::to_string(y.cols) +
                                " matrix; expected equal shapes");
  }
  require_rounding_to_nearest();
  if (!bias.empty() && bias.size() != static_cast<std::size_t>(w.outputs)) {
    throw std::invalid_argument("roste: a bias of " + std::to_string(bias.size()) + " values for " +
                                std::to_string(w.outputs) + " outputs");
  }
}

inline constexpr float kNoBias[kPanelOutputs] = {};

// Fewer rows than these spend more on the weights' way into registers than pairs save.
inline constexpr std::int64_t kPairedRows = 4;

// The method that is asked for, or the faster one, where operands allow it.
inline ProductRoute product_route(CodeRange codes, const WeightPanels& w, std::int64_t tokens,
                                  std::optional<ProductMethod> wanted, Isa isa) {
  if (isa != Isa::kAvx512 || w.terms.pairs == nullptr || !pairs_fit(codes)) return {isa};
  const bool faster = tokens >= kPairedRows && adds_beside_products();
  return {isa, wanted.value_or(faster ? ProductMethod::kPaired : ProductMethod::kPlain)};
}

// All groups of one tile and one panel, in ascending order. bias, y: the outputs of the panel.
inline void multiply_groups(const TileRows& x, const WeightPanels& panel,
                            const PanelReading& reading, const float* bias, MatrixView<float> y) {
  ProductTile tile;
  tile.x = x.x;
  tile.w = reading.codes;
  tile.wide = reading.wide;
  tile.correction = x.correction;
  tile.onto = bias;
  tile.y = y.row(x.first);
  tile.y_stride = y.stride;
  tile.cols = panel.outputs;
  for (std::int64_t g = 0; g < panel.groups; ++g) {
    tile.rows = x.terms + g * x.count;
    tile.outputs = panel.terms_of(0, g);
    tile.steps = panel.steps(g);
    reading.kernel(tile);
    tile.onto = tile.y;
    tile.onto_stride = tile.y_stride;
  }
}

// y := x w^T + bias for the tiles of a block; y has the rows of the block. next: what the next
// block will read. Blocks of one tile ask for a share of it beside every panel, as they are over
// too soon for the processor to find out by itself (1024 x 256 x 1024 takes 0.96 of the time).
template <class T>
void multiply_block(std::span<const TileRows> x, const WeightPanels& w, const WidePanels& wide,
                    std::span<const float> bias, MatrixView<float> y, MatrixView<const T> next) {
  const auto tiles = static_cast<std::int64_t>(x.size());
  const std::int64_t panels = panels_of(w.outputs);
  for (std::int64_t p = 0; p < panels; ++p) {
    if (tiles == 1) {
      prefetch_rows(rows_of(next, {p * next.rows / panels, (p + 1) * next.rows / panels}));
    }
    const WeightPanels panel = w.part(p, p + 1);
    const std::int64_t first = p * kPanelOutputs;
    const float* panel_bias = bias.empty() ? kNoBias : bias.data() + first;
    const MatrixView<float> columns(y.row(0) + first, y.rows, panel.outputs, y.stride);
    for (const TileRows& tile : x) {
      multiply_groups(tile, panel, wide.reading(p, tile, tiles), panel_bias, columns);
    }
  }
}

// Source: Quantized<Code> or ToQuantize.
template <class Code, class Source>
void multiply_blocks(const Source& x, const WeightPanels& w, std::span<const float> bias,
                     MatrixView<float> y, ProductWorkspace& workspace, Isa isa) {
  const ProductRoute route = product_route(x.scheme.grid.codes, w, y.rows, workspace.method, isa);
  WidePanels wide(w, tiles_of(y.rows, route), route, kCachedWeightBytes);
  wide.reserve(reserved(workspace.panels, wide.size()));
  const std::int64_t block = block_rows(y.rows, w, route);
  ActivationArranger arranger(x.scheme.grid.codes, w, workspace, route);
  for (std::int64_t first = 0; first < y.rows; first += block) {
    const RowRange range{first, std::min(first + block, y.rows)};
    const QuantizedRows<Code> rows = take_rows<Code>(x, range, workspace, isa);
    const RowRange next{range.last, std::min(range.last + block, y.rows)};
    multiply_block(arranger.arrange(rows, range.first), w, wide, bias, rows_of(y, range),
                   rows_of(values_of(x), next));
    wide.end_block();
  }
}

}  // namespace detail

// y := x w^T + bias, eq. (5): x [tokens, inputs], w [outputs, inputs], bias [outputs] or empty,
// y [tokens, outputs], which may overlap nothing. Throws std::invalid_argument for shapes that do
// not fit, activations in groups other than those of the weights, codes outside of their grid,
// scales and zero points that ProductWeights refuses, and sums that an int32 might not hold
// (check_product_bound). Allocates nothing once the workspace has seen the shape.
template <CodeType Code>
void multiply(const Quantized<Code>& x, const WeightPanels& w, std::span<const float> bias,
              MatrixView<float> y, ProductWorkspace& workspace, Isa isa = best_isa()) {
  detail::check_product_shapes(x.codes.rows, x.codes.cols, w, bias, y);
  detail::check_activations(x.scheme, w);
  detail::check_code_type<Code>(x.scheme.grid.codes);
  const GroupLayout layout = group_layout(x.scheme.grouping, x.codes.rows, x.codes.cols);
  detail::check_params(layout, x.params);
  detail::multiply_blocks<Code>(x, w, bias, y, workspace, isa);
}

// The same, quantizing the activations on the way; the bits of `quantize` and then `multiply`.
// Throws NonFiniteError, too; rows of y before the error may have been written.
inline void multiply(const ToQuantize& x, const WeightPanels& w, std::span<const float> bias,
                     MatrixView<float> y, ProductWorkspace& workspace, Isa isa = best_isa()) {
  detail::check_product_shapes(x.values.rows, x.values.cols, w, bias, y);
  detail::check_activations(x.scheme, w);
  detail::fit_shared(x, workspace, isa);
  if (x.scheme.grid.codes.min < 0) {
    detail::multiply_blocks<std::int8_t>(x, w, bias, y, workspace, isa);
  } else {
    detail::multiply_blocks<std::uint8_t>(x, w, bias, y, workspace, isa);
  }
}

// The same with memory of its own. Activations: Quantized<Code> or ToQuantize.
template <class Activations>
void multiply(const Activations& x, const WeightPanels& w, std::span<const float> bias,
              MatrixView<float> y, Isa isa = best_isa()) {
  ProductWorkspace workspace;
  multiply(x, w, bias, y, workspace, isa);
}

}  // namespace roste::cpu
