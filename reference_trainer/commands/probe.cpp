#include "reference_trainer/commands/probe.h"

#include <cmath>
#include <cstdio>

#include "reference_trainer/base/error.h"

namespace trainer {

double largest_relative_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference =
        std::max(difference, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    size = std::max(size, std::abs(static_cast<double>(a[i])));
  }
  return difference / size;
}

void check_unchanged(double difference, const std::filesystem::path& directory) {
  constexpr double kBound = 1e-3;
  if (difference <= kBound) return;
  throw Error(ExitCode::kNumerics,
              {"RO-08", directory.string(),
               "logits that differ by " + std::to_string(difference) + " of the largest",
               "at most 1e-3", "the weights may be too large for float32"});
}

std::string difference_text(double difference) {
  char number[32];
  std::snprintf(number, sizeof number, "%.2e", difference);
  return number;
}

}  // namespace trainer
