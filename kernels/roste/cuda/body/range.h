// Smallest and largest of a group of values, and what is left of them that is not finite.
#pragma once

#include <cstdint>
#include <limits>

#include "roste/core/grid.h"
#include "roste/core/number_types.h"
#include "roste/cuda/body/chunk.h"
#include "roste/cuda/team/kernel_function.h"

namespace roste::cuda {

// What a cell holds before a kernel meets a value without a code.
inline constexpr std::uint64_t kAllFinite = ~std::uint64_t{0};

// NaN or infinity at an index row * cols + col below 2^61, in a word whose smallest is the first
// one.
class NonFinite {
 public:
  explicit NonFinite(std::uint64_t word) : word_(word) {}

  static ROSTE_KERNEL std::uint64_t word(float x, std::int64_t index) {
    const std::uint64_t kind = x != x ? 2u : x < 0.0f ? 1u : 0u;
    return static_cast<std::uint64_t>(index) << 2 | kind;
  }

  std::int64_t index() const { return static_cast<std::int64_t>(word_ >> 2); }
  float value() const {
    constexpr float kInf = std::numeric_limits<float>::infinity();
    if ((word_ & 2) != 0) return std::numeric_limits<float>::quiet_NaN();
    return (word_ & 1) != 0 ? -kInf : kInf;
  }

 private:
  std::uint64_t word_;
};

// Any order of merging gives the same numbers, but for the sign of a zero, which no scale depends
// on.
struct Range {
  float min = kLargestFloat;
  float max = -kLargestFloat;

  ROSTE_KERNEL void add(float x) {
    min = x < min ? x : min;
    max = x > max ? x : max;
  }
};

struct MergeRanges {
  ROSTE_KERNEL Range operator()(const Range& a, const Range& b) const {
    return {b.min < a.min ? b.min : a.min, b.max > a.max ? b.max : a.max};
  }
};

ROSTE_KERNEL bool is_finite(float x) {
  return (roste::detail::float_bits(x) & roste::detail::kMagnitudeBits) <
         roste::detail::kInfinityBits;
}

// The params of a group; {1, 0} for one of no values and for one that range_of has reported, whose
// zero point no integer holds.
ROSTE_KERNEL GroupParams fit_finite(const Grid& grid, const Range& range) {
  const bool finite = range.min <= range.max && is_finite(range.min) && is_finite(range.max);
  return finite ? fit_range(grid, range.min, range.max) : GroupParams{1.0f, 0};
}

// The range of the first `count` values of a chunk that starts at `index` of the matrix. A value
// that is not finite lowers *first_non_finite to its NonFinite::word.
template <class Team, int kValues>
ROSTE_KERNEL Range range_of(const Chunk<kValues>& chunk, int count, std::int64_t index,
                            std::uint64_t* first_non_finite) {
  Range range;
  float wrong = 0.0f;
  int first = kValues;  // where `wrong` is
  ROSTE_UNROLLED
  for (int i = kValues - 1; i >= 0; --i) {
    if (i >= count) continue;
    range.add(chunk.v[i]);
    if (is_finite(chunk.v[i])) continue;
    wrong = chunk.v[i];
    first = i;
  }
  if (first < kValues) Team::lower(first_non_finite, NonFinite::word(wrong, index + first));
  return range;
}

}  // namespace roste::cuda
