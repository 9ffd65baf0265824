#include "reference_trainer/eval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "reference_trainer/base/random.h"

namespace trainer {
namespace {

double resampled_mean(std::span<const double> values, std::uint64_t key) {
  RandomStream draws(key);
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) sum += values[draws.below(values.size())];
  return sum / static_cast<double>(values.size());
}

// share in [0, 1] of the way through `sorted`.
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - std::floor(place)) * (sorted[above] - sorted[below]);
}

}  // namespace

ConfidenceInterval bootstrap_interval(std::span<const double> values,
                                      const BootstrapSettings& settings) {
  if (values.empty() || settings.resamples < 1 || !(settings.confidence > 0) ||
      !(settings.confidence < 1)) {
    throw std::invalid_argument("bootstrap_interval: got " + std::to_string(values.size()) +
                                " values, " + std::to_string(settings.resamples) +
                                " resamples, confidence " + std::to_string(settings.confidence) +
                                "; expected values, resamples >= 1 and a confidence in (0, 1)");
  }
  std::vector<double> means;
  for (std::int64_t r = 0; r < settings.resamples; ++r) {
    means.push_back(
        resampled_mean(values, roste::random_bits(settings.seed, static_cast<std::uint64_t>(r))));
  }
  std::sort(means.begin(), means.end());
  const double tail = (1 - settings.confidence) / 2;
  return {quantile(means, tail), quantile(means, 1 - tail)};
}

}  // namespace trainer
