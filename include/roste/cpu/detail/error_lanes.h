// The order in which the errors of a run are added, the same for every instruction set.
#pragma once

#include <cmath>
#include <cstdint>

#include "roste/core/error.h"
#include "roste/core/grid.h"

namespace roste::cpu::detail {

inline constexpr int kSumLanes = 16;  // doubles: two AVX-512 registers, four AVX2 registers

// Sums of one run. Lane l adds up the values l, l + 16, ... in order, each square with one rounding
// (a fused multiplication and addition); at the end lanes are added in ascending order.
struct ErrorLanes {
  double error[kSumLanes] = {};
  double norm[kSumLanes] = {};
  std::int64_t saturated = 0;

  // n values, the first of them in lane 0; one at a time.
  void add(const float* x, GroupParams params, CodeRange codes, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) {
      const double value = x[i];
      const double difference = double{fake_quantize_value(x[i], params, codes)} - value;
      const std::int64_t lane = i % kSumLanes;
      error[lane] = std::fma(difference, difference, error[lane]);
      norm[lane] = std::fma(value, value, norm[lane]);
      saturated += saturates(x[i], params, codes);
    }
  }

  void add_to(ErrorSums& sums) const {
    for (int l = 0; l < kSumLanes; ++l) {
      sums.squared_error += error[l];
      sums.squared_norm += norm[l];
    }
    sums.saturated += saturated;
  }
};

}  // namespace roste::cpu::detail
