#include "reference_trainer/stream/rounding_error.h"

#include <algorithm>
#include <cmath>

namespace trainer {

double RoundingError::rms_relative() const {
  return squared_norm == 0 ? 0 : std::sqrt(squared_error / squared_norm);
}

void RoundingError::merge(const RoundingError& later, std::int64_t first) {
  largest_relative = std::max(largest_relative, later.largest_relative);
  squared_error += later.squared_error;
  squared_norm += later.squared_norm;
  if (overflow < 0 && later.overflow >= 0) overflow = first + later.overflow;
}

RoundingError rounding_error(std::span<const double> exact, std::span<const float> stored) {
  RoundingError e;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double error = std::abs(static_cast<double>(stored[i]) - exact[i]);
    const double size = std::abs(exact[i]);
    e.largest_relative = std::max(e.largest_relative, size > 0 ? error / size : 0.0);
    e.squared_error += error * error;
    e.squared_norm += size * size;
  }
  if (!std::isfinite(e.squared_error)) {
    for (std::size_t i = 0; i < exact.size() && e.overflow < 0; ++i) {
      if (std::isinf(stored[i]) && std::isfinite(exact[i]))
        e.overflow = static_cast<std::int64_t>(i);
    }
  }
  return e;
}

}  // namespace trainer
