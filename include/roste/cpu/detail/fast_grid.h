// A group's grid in the form that the vector kernels use: multiplication by 1 / s in the place of
// the division, wherever that is known to give the same code.
//
// Let r = fl(1 / s), t = fl(x r), y = fl(x / s), all in float with u = 2^-24. Then t and y are x /
// s times three and one factors within 1 +- u, so |t - y| < 4 u |y| (1 + small); the code needs n =
// rint(y). If |t - rint(t)| <= 1/2 - m and |t - y| < m, y lies strictly inside of the same unit
// interval and rint(y) = rint(t). With low <= u <= high the ends of u = q - z and
// U = max(|low|, |high|) + 1, m = (U + 2) 2^-22 exceeds |t - y| wherever |y| <= U + 1; where
// |y| > U + 1, |rint(t)| >= U, and both numbers are beyond the same end. Every other value is
// divided. The distance is taken from x r instead of t, with one rounding, which only
// brings it nearer to y; for an infinite t it is -infinity or NaN, and n is beyond the right end.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "roste/core/grid.h"

namespace roste::cpu::detail {

// Numbers that no value of a run is beyond.
struct Extremes {
  float min = -std::numeric_limits<float>::infinity();
  float max = std::numeric_limits<float>::infinity();
};

// Values of one run, and what will be read and written after it: kernels ask the memory for it on
// the way, line by line beside their own work. A burst of requests would hold up the loads behind.
struct FloatRun {
  const float* x = nullptr;
  std::int64_t n = 0;
  const float* ahead = nullptr;  // n values, or null
  Extremes range = {};
  const std::uint8_t* bytes_ahead = nullptr;  // where packed codes of n values will go, or null
};

struct FastGrid {
  bool usable = false;
  bool fits_words = false;   // every u fits an int16
  bool around_zero = false;  // low <= 0 <= high
  float scale = 1, reciprocal = 1;
  float low = 0, high = 0;  // ends of u = q - z
  float near_tie = 0;       // a larger |t - rint(t)| asks for the division
  std::int32_t zero = 0;
};

// usable means: products with 1 / s and with s neither overflow nor underflow for codes of the
// grid, and u is a float integer. Then clamp(rint(x / s) + z) - z = clamp(rint(x / s), low, high):
// inside of the range both are exact, and a sum that had to be rounded lies beyond an end, which
// rounding keeps. The left side is never -0, so kernels form u s + 0.
inline FastGrid fast_grid(GroupParams params, CodeRange codes) {
  constexpr std::int32_t kLargestZero = 1 << 20;
  if (!(params.scale >= 0x1p-100f && params.scale <= 0x1p100f)) return {};
  if (params.zero > kLargestZero || params.zero < -kLargestZero) return {};
  const float low = static_cast<float>(codes.min - params.zero);
  const float high = static_cast<float>(codes.max - params.zero);
  const float beyond = std::max(std::fabs(low), std::fabs(high)) + 1.0f;  // U
  FastGrid grid;
  grid.usable = true;
  grid.fits_words = beyond < 0x1p15f;
  grid.around_zero = low <= 0.0f && high >= 0.0f;
  grid.scale = params.scale;
  grid.reciprocal = 1.0f / params.scale;
  grid.low = low;
  grid.high = high;
  grid.near_tie = 0.5f - (beyond + 2.0f) * 0x1p-22f;
  grid.zero = params.zero;
  return grid;
}

// True where rint(x / s) is in the range of u for every value: nothing has to be clamped then.
// |x (1 / s) - x / s| with both rounded is below 0.5 - near_tie, and division and rint keep order.
inline bool stays_within(const FastGrid& grid, const Extremes& values) {
  return values.max * grid.reciprocal - grid.high <= grid.near_tie &&
         grid.low - values.min * grid.reciprocal <= grid.near_tie;
}

}  // namespace roste::cpu::detail
