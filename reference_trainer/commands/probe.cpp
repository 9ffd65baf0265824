#include "reference_trainer/commands/probe.h"

#include <cmath>
#include <cstdio>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/rounded.h"
#include "reference_trainer/stream/logit_difference.h"

namespace trainer {

double largest_relative_difference(const std::vector<float>& a, const std::vector<float>& b) {
  LogitDifference difference;
  difference.add(a, b);
  return difference.relative();
}

void check_unchanged(double difference, const std::filesystem::path& directory) {
  constexpr double kBound = 1e-3;
  if (difference <= kBound) return;
  throw Error(ExitCode::kNumerics,
              {"RO-08", directory.string(),
               "logits that differ by " + std::to_string(difference) + " of the largest",
               "at most 1e-3", "the weights may be too large for float32"});
}

double accepted_by_rounding(DType dtype, std::int64_t weights) {
  return 1e-3 + 4 * unit_roundoff(dtype) * std::sqrt(static_cast<double>(weights));
}

void check_rounded(double difference, DType dtype, std::int64_t weights,
                   const std::filesystem::path& directory) {
  const double bound = accepted_by_rounding(dtype, weights);
  if (difference <= bound) return;
  throw Error(ExitCode::kNumerics, {"RO-20", directory.string(),
                                    "logits that differ by " + std::to_string(difference) +
                                        " of the largest in " + dtype_name(dtype),
                                    "at most " + std::to_string(bound), "--save_dtype float32"});
}

std::string difference_text(double difference) {
  char number[32];
  std::snprintf(number, sizeof number, "%.2e", difference);
  return number;
}

}  // namespace trainer
