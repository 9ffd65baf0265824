// Reproducible inputs for tests.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace roste::testing {

inline std::vector<float> gaussian(std::uint64_t seed, std::int64_t count) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& v : values) v = normal(engine);
  return values;
}

// Finite floats with uniformly distributed bit patterns: every exponent is as likely as any other.
inline std::vector<float> finite_bit_patterns(std::uint64_t seed, std::int64_t count) {
  std::mt19937_64 engine(seed);
  std::vector<float> values;
  while (static_cast<std::int64_t>(values.size()) < count) {
    const float v = std::bit_cast<float>(static_cast<std::uint32_t>(engine()));
    if (std::isfinite(v)) values.push_back(v);
  }
  return values;
}

}  // namespace roste::testing
