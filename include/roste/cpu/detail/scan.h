// The extremes of a run of values, found with integer comparisons of their bits: one pass that NaN
// and infinity cannot escape, and whose result does not depend on the order of the values.
#pragma once

#include <algorithm>
#include <cstdint>

#include "roste/core/grid.h"
#include "roste/core/number_types.h"

namespace roste::cpu::detail {

// Smallest and largest value of what was scanned, and whether everything was finite. A zero is +0.
struct Scan {
  float min = kLargestFloat;
  float max = -kLargestFloat;
  std::uint32_t largest_magnitude = 0;  // bits of |x|; ordered as the magnitudes are, NaN on top

  void merge(const Scan& other) {
    min = std::min(min, other.min);
    max = std::max(max, other.max);
    largest_magnitude = std::max(largest_magnitude, other.largest_magnitude);
  }
  bool finite() const { return largest_magnitude < roste::detail::kInfinityBits; }
};

// Extremes of at least one value's bits, as signed and as unsigned integers.
struct ScanBits {
  ScanBits(std::uint32_t largest_signed, std::uint32_t largest, std::uint32_t smallest)
      : top(static_cast<std::int32_t>(largest_signed)), bottom(largest), least(smallest) {}
  explicit ScanBits(std::uint32_t bits) : ScanBits(bits, bits, bits) {}

  void merge(const ScanBits& other) {
    top = std::max(top, other.top);
    bottom = std::max(bottom, other.bottom);
    least = std::min(least, other.least);
  }

  bool has_both_signs() const { return bottom > roste::detail::kMagnitudeBits && top >= 0; }

  // With a negative value, bottom is the farthest below zero; without one, least is the smallest.
  // With a positive one, top is the largest; without one, least is the nearest to zero.
  Scan scan() const {
    using roste::detail::float_of_bits;
    const bool negative = bottom > roste::detail::kMagnitudeBits, positive = top >= 0;
    const std::uint32_t largest = static_cast<std::uint32_t>(top);
    Scan result;
    result.min = float_of_bits(negative ? bottom : least) + 0.0f;
    result.max = float_of_bits(positive ? largest : least) + 0.0f;
    result.largest_magnitude =
        std::max(positive ? largest : 0u, negative ? bottom & roste::detail::kMagnitudeBits : 0u);
    return result;
  }

  std::int32_t top;
  std::uint32_t bottom, least;
};

}  // namespace roste::cpu::detail
