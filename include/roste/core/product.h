// The product of quantized activations and quantized weights, eq. (5), on single numbers.
//
//   q  code, z  zero point, s  scale, each with index x (activation) or w (weight)
//   y = b + sum_g s_x s_w a_g,   a_g = sum_{k in g} (q_x - z_x)(q_w - z_w)
//
// g runs over the groups along k whose scales differ: one group, unless scales are per group.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

#include "roste/core/grid.h"
#include "roste/core/host_device.h"

namespace roste {

// onto + s_x s_w a with two roundings: the first product, then all the rest. y starts as the bias
// (0 without one) and takes its groups in ascending order. The explicit fma leaves a compiler
// nothing to fuse, so every device and instruction set gives the same bits.
ROSTE_HD inline float scaled_product(std::int32_t sum, float s_x, float s_w, float onto) {
  return std::fma(static_cast<float>(sum) * s_x, s_w, onto);
}

// The largest |q - z| of any code, at least 1 for a range of two codes or more.
inline std::int64_t largest_offset(CodeRange codes, std::int32_t zero) {
  const std::int64_t below = static_cast<std::int64_t>(zero) - codes.min;
  const std::int64_t above = static_cast<std::int64_t>(codes.max) - zero;
  return below > above ? below : above;
}

// An int32 holds every sum of `count` products with |q_x - z_x| <= offset_x and |q_w - z_w| <=
// offset_w, both at least 1. Intermediate sums may wrap: arithmetic modulo 2^32 ends at the right
// one. Throws std::invalid_argument where it may not fit.
inline void check_product_bound(std::int64_t count, std::int64_t offset_x, std::int64_t offset_w) {
  constexpr std::int64_t kLargest = std::numeric_limits<std::int32_t>::max();
  if (count <= 0 || offset_x <= kLargest / count / offset_w) return;
  throw std::invalid_argument("roste: a sum of " + std::to_string(count) +
                              " products with |q - z| up to " + std::to_string(offset_x) +
                              " (activations) and " + std::to_string(offset_w) +
                              " (weights) may exceed the largest int32, " +
                              std::to_string(kLargest) + "; use fewer bits or ZeroIncluded ranges");
}

}  // namespace roste
