// Timing on a shared machine: alternate what is compared, take medians, and measure the machine's
// own limit in the same run.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

namespace bench {

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class F>
double time_once(F&& f) {
  const double begin = seconds();
  f();
  return seconds() - begin;
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// FLOP/s of fused multiply-adds on one core with everything in registers (fma_peak.cpp).
double fma_peak();

}  // namespace bench
