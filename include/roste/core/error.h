// How far a quantized tensor is from the original.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "roste/core/host_device.h"

namespace roste {

namespace detail {
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
}  // namespace detail

// Sums over pairs (x, Q(x)), in double; sums of parts are merged in a fixed order. A square is
// added with one rounding, so that no compiler's choice between fused and separate operations
// shows.
struct ErrorSums {
  double squared_error = 0;  // sum of (Q(x) - x)^2, one term of eq. (12)
  double squared_norm = 0;   // sum of x^2
  std::int64_t count = 0;
  std::int64_t saturated = 0;  // codes that had to be clamped
  double min = detail::kInfinity;
  double max = -detail::kInfinity;

  ROSTE_HD void add(double x, double quantized) {
    squared_error = std::fma(quantized - x, quantized - x, squared_error);
    squared_norm = std::fma(x, x, squared_norm);
    count += 1;
    min = x < min ? x : min;
    max = max < x ? x : max;
  }

  ROSTE_HD void merge(const ErrorSums& other) {
    squared_error += other.squared_error;
    squared_norm += other.squared_norm;
    count += other.count;
    saturated += other.saturated;
    min = other.min < min ? other.min : min;
    max = max < other.max ? other.max : max;
  }

  // Mean of (Q(x) - x)^2; lower is better, 0 for nothing measured.
  double mean_squared_error() const {
    return count == 0 ? 0.0 : squared_error / static_cast<double>(count);
  }

  // ||Q(x) - x||^2 / ||x||^2; lower is better. 0 / 0 is 0.
  double relative_error() const { return squared_error == 0 ? 0.0 : squared_error / squared_norm; }

  // Signal to quantization noise ratio in dB; higher is better, +inf when nothing was lost.
  double sqnr_db() const { return -10.0 * std::log10(relative_error()); }
};

}  // namespace roste
