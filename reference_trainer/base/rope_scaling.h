// RoPE whose slow frequencies are stretched to a longer context than that of pre-training: type
// "llama3" of transformers, of Llama 3.1 and later.
#pragma once

#include <cstdint>
#include <numbers>

namespace trainer {

struct Llama3RopeScaling {
  double factor;                        // by which slow frequencies are divided, e.g. 8
  double low_freq_factor;               // turns within the old context: fewer are slow, e.g. 1
  double high_freq_factor;              // more are fast and stay as they are, e.g. 4
  std::int64_t original_max_positions;  // tokens of the old context, e.g. 8192

  bool operator==(const Llama3RopeScaling&) const = default;
};

// The frequency (radians per token) in place of `frequency`: f / factor where it is slow, f where
// it is fast, and between the two a mean of both whose weight is linear in the number of turns.
inline double scaled_frequency(const Llama3RopeScaling& s, double frequency) {
  const double slow = frequency / s.factor;
  const double turns =
      static_cast<double>(s.original_max_positions) * frequency / (2 * std::numbers::pi);
  if (turns < s.low_freq_factor) return slow;
  if (turns > s.high_freq_factor) return frequency;
  const double share = (turns - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
  return (1 - share) * slow + share * frequency;
}

}  // namespace trainer
