// A model of the FP8 tensor core: what its products are, and what its accumulator keeps.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "roste/cuda/fp8_bound.h"

namespace roste::cuda::testing {

// The value of an e4m3 number, by the definition of the format.
inline double value_of(E4m3 x) {
  const int exponent = x.bits >> 3 & 15, mantissa = x.bits & 7;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -9) : std::ldexp(8 + mantissa, exponent - 7 - 3);
  return (x.bits & 0x80) != 0 ? -magnitude : magnitude;
}

// A float cut after 13 bits behind the leading one: towards zero, as such adders do.
inline double kept(double sum) {
  if (sum == 0) return 0;
  const double unit = std::ldexp(1.0, std::ilogb(sum) - 13);
  return std::trunc(sum / unit) * unit;
}

// The product of two rows: chunks of kChunkColumns columns in the accumulator, their sums in float.
inline float product_of(const std::vector<E4m3>& x, const std::vector<E4m3>& w) {
  float total = 0;
  for (std::size_t first = 0; first < x.size(); first += kChunkColumns) {
    double chunk = 0;
    for (std::size_t k = first; k < std::min(x.size(), first + kChunkColumns); ++k) {
      chunk = kept(chunk + value_of(x[k]) * value_of(w[k]));
    }
    total += static_cast<float>(chunk);
  }
  return total;
}

}  // namespace roste::cuda::testing
