// Confidence of a mean over samples, without a distribution: resampling (Efron 1979).
#pragma once

#include <cstdint>
#include <span>

namespace trainer {

struct BootstrapSettings {
  double confidence = 0.95;       // share of the resamples inside the interval; (0, 1)
  std::int64_t resamples = 2000;  // >= 1
  std::uint64_t seed = 0;
};

struct ConfidenceInterval {
  double low, high;
};

// Percentile interval of the mean of `values`, e.g. the ROUGE of every sample, or the differences
// of two methods on the same samples. Draws of resample r are a function of seed and r, so the
// result is the same on every machine. Quantiles are interpolated linearly between order statistics
// (type 7 of Hyndman and Fan, 1996). Throws std::invalid_argument when there are no values or a
// setting is out of its range.
ConfidenceInterval bootstrap_interval(std::span<const double> values,
                                      const BootstrapSettings& settings);

}  // namespace trainer
