#include "reference_trainer/report/report_data.h"

#include <cmath>
#include <stdexcept>

namespace trainer {

Estimate estimate_of(std::span<const double> values) {
  if (values.empty())
    throw std::invalid_argument("estimate_of: got no value, expected one or more");
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double v : values) sum += v;
  const double mean = sum / n;
  for (const double v : values) squares += (v - mean) * (v - mean);
  const double sd = values.size() > 1 ? std::sqrt(squares / (n - 1)) : 0;
  return {mean, sd, static_cast<std::int64_t>(values.size()), std::nullopt};
}

}  // namespace trainer
