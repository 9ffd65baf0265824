#include "reference_trainer/stream/logit_difference.h"

#include <algorithm>
#include <cmath>

namespace trainer {

void LogitDifference::add(std::span<const float> before, std::span<const float> after) {
  for (std::size_t i = 0; i < before.size(); ++i) {
    const double b = before[i], a = after[i];
    const double distance = std::abs(b - a);
    // A comparison with NaN is false: it must not be lost.
    difference_ = std::isnan(distance) ? std::numeric_limits<double>::infinity()
                                       : std::max(difference_, distance);
    size_ = std::max(size_, std::abs(b));
  }
}

double LogitDifference::relative() const {
  if (difference_ == 0) return 0;
  if (!std::isfinite(difference_)) return difference_;
  return difference_ / size_;
}

}  // namespace trainer
