// How far a quantized tensor is from the original.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace roste {

// Sums over pairs (x, Q(x)), in double; sums of parts are merged in a fixed order.
struct ErrorSums {
  double squared_error = 0;  // sum of (Q(x) - x)^2, one term of eq. (12)
  double squared_norm = 0;   // sum of x^2
  std::int64_t count = 0;
  std::int64_t saturated = 0;  // codes that had to be clamped
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();

  void add(double x, double quantized) {
    squared_error += (quantized - x) * (quantized - x);
    squared_norm += x * x;
    count += 1;
    min = std::min(min, x);
    max = std::max(max, x);
  }

  void merge(const ErrorSums& other) {
    squared_error += other.squared_error;
    squared_norm += other.squared_norm;
    count += other.count;
    saturated += other.saturated;
    min = std::min(min, other.min);
    max = std::max(max, other.max);
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
