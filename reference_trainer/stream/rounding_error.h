// What rounding to the type of a file did to the values of a model.
#pragma once

#include <cstdint>
#include <span>

namespace trainer {

struct RoundingError {
  double largest_relative = 0;  // max of |stored - exact| / |exact|, where exact is not 0
  double squared_error = 0;     // sum of (stored - exact)^2
  double squared_norm = 0;      // sum of exact^2
  std::int64_t overflow = -1;   // index of the first finite value that was stored as infinity

  // Root of squared_error / squared_norm; 0 where all is 0.
  double rms_relative() const;
  // Adds the error of values that begin at index `first` of a tensor.
  void merge(const RoundingError& later, std::int64_t first);
};

// Spans of one length.
RoundingError rounding_error(std::span<const double> exact, std::span<const float> stored);

}  // namespace trainer
