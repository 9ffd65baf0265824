// Means over seeds.
#pragma once

#include <cstddef>
#include <span>

namespace trainer {

struct Spread {
  double mean = 0;
  double deviation = 0;  // of a sample: divided by n - 1; 0 for n = 1
  std::size_t n = 0;
};

// values must not be empty.
Spread spread_of(std::span<const double> values);

}  // namespace trainer
