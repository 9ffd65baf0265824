#include "reference_trainer/study/statistics.h"

#include <cmath>

namespace trainer {

Spread spread_of(std::span<const double> values) {
  Spread s;
  s.n = values.size();
  for (const double v : values) s.mean += v / static_cast<double>(s.n);
  if (s.n < 2) return s;
  double sum = 0;
  for (const double v : values) sum += (v - s.mean) * (v - s.mean);
  s.deviation = std::sqrt(sum / static_cast<double>(s.n - 1));
  return s;
}

}  // namespace trainer
