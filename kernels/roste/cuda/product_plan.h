// What a product of codes needs to know of its grids: decided on the host, without CUDA.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "roste/core/product.h"
#include "roste/core/quantizer.h"
#include "roste/cuda/body/multiply.h"

namespace roste::cuda {

// The largest |q - z| of a grid whose zero point is one of its codes. Throws std::invalid_argument
// for other ranges: their zero points are known to the device alone.
inline std::int64_t largest_offset_of(const Grid& grid) {
  if (grid.rule == RangeRule::kTight || grid.rule == RangeRule::kPaperEq4) {
    throw std::invalid_argument(
        "roste: an integer product on a device of a grid whose zero point may be any int32; "
        "expected Symmetric or ZeroIncluded");
  }
  if (grid.rule == RangeRule::kSymmetric) return largest_offset(grid.codes, 0);
  return grid.codes.max - grid.codes.min;
}

// How codes of this grid become int8. Throws as above, and for more than 8 bits.
inline Centre centre_of(const Grid& grid) {
  const std::int64_t offset = largest_offset_of(grid);
  if (offset > 255) {
    throw std::invalid_argument("roste: an integer product of codes " +
                                std::to_string(grid.codes.min) + " to " +
                                std::to_string(grid.codes.max) + "; expected at most 8 bits");
  }
  return grid.rule == RangeRule::kSymmetric || offset <= 127 ? Centre::kZeroPoint : Centre::kMiddle;
}

// Throws std::invalid_argument for weights of 8 bits without a sign.
inline void check_weight_codes(const Grid& grid) {
  if (centre_of(grid) == Centre::kZeroPoint) return;
  throw std::invalid_argument("roste: weights with codes " + std::to_string(grid.codes.min) +
                              " to " + std::to_string(grid.codes.max) +
                              " in an integer product on a device; expected Symmetric, or at most "
                              "7 bits");
}

// Throws std::invalid_argument where |q - z| of activations may exceed what weights were prepared
// for.
inline void check_activation_codes(const Grid& grid, std::int64_t prepared) {
  if (largest_offset_of(grid) <= prepared) return;
  throw std::invalid_argument("roste: activations with |q - z| up to " +
                              std::to_string(largest_offset_of(grid)) +
                              " for weights that were prepared for " + std::to_string(prepared));
}

// Throws std::invalid_argument unless rows, or the whole tensor, share a scale.
inline void check_product_grouping(const char* operand, const GroupLayout& layout) {
  if (layout.groups_per_row <= 1) return;
  throw std::invalid_argument(std::string("roste: ") + operand + " of an integer product with " +
                              std::to_string(layout.groups_per_row) +
                              " groups in a row; expected PerRow or PerTensor");
}

// The scales of a matrix of this layout, for scale_body.
inline RowParams row_params(const GroupLayout& layout, const GroupParams* params) {
  return {params, layout.runs_per_group == 1 && layout.count > 1 ? 1 : 0};
}

// Rows and columns of operands are filled up with zeros to a multiple of 16 bytes, as tensor cores
// take them.
inline std::int64_t padded(std::int64_t n) { return (n + 15) / 16 * 16; }

// Throws std::invalid_argument unless activations [tokens, inputs] fit weights [outputs,
// weight_inputs] and a bias of `bias` numbers, or none.
inline void check_multiplied_shapes(std::int64_t inputs, std::int64_t outputs,
                                    std::int64_t weight_inputs, std::size_t bias) {
  if (inputs != weight_inputs) {
    throw std::invalid_argument("roste: a product of activations with " + std::to_string(inputs) +
                                " columns and weights with " + std::to_string(weight_inputs) +
                                "; expected as many");
  }
  if (bias != 0 && bias != static_cast<std::size_t>(outputs)) {
    throw std::invalid_argument("roste: a bias of " + std::to_string(bias) + " numbers for " +
                                std::to_string(outputs) + " outputs");
  }
}

}  // namespace roste::cuda
