// The arrangement of quantized weights in memory, and the checks that all operands of an integer
// product pass.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

#include "roste/core/product.h"
#include "roste/core/quantizer.h"
#include "roste/cpu/simd/multiply_tile.h"

namespace roste::cpu {

// A range of the panels of a ProductWeights, which owns them. Panel p holds the outputs
// [32 p, 32 p + 32) in the layout of simd/multiply_tile.h.
struct WeightPanels {
  static constexpr std::int64_t kOutputs = detail::kPanelOutputs;  // of a panel

  std::int64_t outputs = 0;
  std::int64_t inputs = 0;
  std::int64_t groups = 1;      // along the inputs, each with its own scales
  std::int64_t group_size = 0;  // inputs of a group; the last one may have fewer
  detail::CodeWidth width = detail::CodeWidth::kNibble;
  std::int64_t largest_offset = 1;  // of |q - z|
  bool one_zero = true;             // all zero points are equal, and so
  std::int32_t zero = 0;            // is z, less the smallest code
  const std::uint8_t* codes = nullptr;
  detail::OutputTerms terms;  // [panel][group][32]

  // The panels [first, last), which must be there, as weights of their own.
  WeightPanels part(std::int64_t first, std::int64_t last) const {
    WeightPanels panels = *this;
    panels.outputs =
        std::max<std::int64_t>(0, std::min(outputs, last * kOutputs) - first * kOutputs);
    panels.codes += first * panel_bytes();
    panels.terms = terms_of(first, 0);
    return panels;
  }

  std::int64_t group_inputs(std::int64_t g) const {
    return std::min(group_size, inputs - g * group_size);
  }
  detail::StepRange steps(std::int64_t g) const {
    const std::int64_t first = g * group_size;
    return {first / detail::kStepInputs, detail::steps_of(first + group_inputs(g))};
  }
  std::int64_t panel_bytes() const { return detail::steps_of(inputs) * detail::step_bytes(width); }
  detail::OutputTerms terms_of(std::int64_t panel, std::int64_t group) const {
    const std::int64_t first = (panel * groups + group) * detail::kPanelOutputs;
    return {terms.scales + first, terms.zeros + first, terms.centres + first,
            terms.pairs == nullptr ? nullptr : terms.pairs + first};
  }
};

namespace detail {

constexpr std::int64_t panels_of(std::int64_t outputs) {
  return (outputs + kPanelOutputs - 1) / kPanelOutputs;
}

// Refuses grids whose codes do not fit a byte.
inline void check_product_grid(const char* whose, const Grid& grid) {
  if (grid.codes.max - grid.codes.min <= 0xff) return;
  throw std::invalid_argument(
      std::string("roste: ") + whose + " with codes " + std::to_string(grid.codes.min) + " to " +
      std::to_string(grid.codes.max) + " in an integer product; expected at most 8 bits");
}

// Codes of up to 6 bits: sums of two of them, and of their offset, are bytes.
inline bool pairs_fit(CodeRange codes) { return codes.max - codes.min <= kPairOffset; }

[[noreturn]] inline void throw_code_outside(const char* whose, std::int64_t row, CodeRange codes) {
  throw std::invalid_argument("roste: a code in row " + std::to_string(row) + " of " + whose +
                              "; expected " + std::to_string(codes.min) + " to " +
                              std::to_string(codes.max));
}

// Number s of row c becomes number c of step s; 16 rows of numbers of 32 bits, `stride` bytes
// apart.
inline void transpose_numbers(const std::uint8_t* rows, std::int64_t stride, std::int64_t steps,
                              std::int64_t step_bytes, std::uint8_t* out) {
  for (std::int64_t c = 0; c < 16; ++c) {
    for (std::int64_t s = 0; s < steps; ++s) {
      std::memcpy(out + s * step_bytes + 4 * c, rows + c * stride + 4 * s, 4);
    }
  }
}

// The shape of quantized weights. Throws std::invalid_argument for what a product cannot take.
inline WeightPanels empty_panels(const Scheme& scheme, std::int64_t outputs, std::int64_t inputs) {
  check_product_grid("weights", scheme.grid);
  (void)group_layout(scheme.grouping, outputs, inputs);  // refuses wrong sizes
  WeightPanels shape;
  shape.outputs = outputs;
  shape.inputs = inputs;
  shape.group_size = inputs;
  if (scheme.grouping.kind == Grouping::Kind::kGroup && inputs > scheme.grouping.size) {
    shape.group_size = scheme.grouping.size;
    shape.groups = (inputs - 1) / shape.group_size + 1;
  }
  if (shape.groups > 1 && shape.group_size % kStepInputs != 0) {
    throw std::invalid_argument("roste: groups of " + std::to_string(shape.group_size) +
                                " weights in an integer product; expected a multiple of 4");
  }
  const bool nibbles = scheme.grid.codes.max - scheme.grid.codes.min <= 0x0f;
  shape.width = nibbles ? CodeWidth::kNibble : CodeWidth::kByte;
  return shape;
}

// A panel from 32 rows of bytes, `stride` bytes apart, which are overwritten.
inline void interleave_panel(std::uint8_t* rows, std::int64_t stride, const WeightPanels& shape,
                             std::uint8_t* panel) {
  const CodeWidth width = shape.width;
  const std::int64_t steps = steps_of(shape.inputs);
  const std::uint8_t* upper = rows + 16 * stride;
  if (width == CodeWidth::kNibble) {
    for (std::int64_t i = 0; i < 16 * stride; ++i) {
      rows[i] = static_cast<std::uint8_t>(rows[i] | (upper[i] << 4));
    }
  }
  const std::int64_t bytes = step_bytes(width);
  for (std::int64_t s = 0; s < steps; s += kChunkSteps) {  // one cache line of every row at a time
    const std::int64_t count = std::min(kChunkSteps, steps - s);
    transpose_numbers(rows + s * kStepInputs, stride, count, bytes, panel + s * bytes);
    if (width == CodeWidth::kByte) {
      transpose_numbers(upper + s * kStepInputs, stride, count, bytes, panel + s * bytes + 64);
    }
  }
}

}  // namespace detail

}  // namespace roste::cpu
