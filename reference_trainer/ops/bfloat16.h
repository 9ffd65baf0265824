// Parameters in bfloat16: the upper half of a float32. Values that no longer need their lower half
// are rounded to one of the two neighbours, the nearest or one that is drawn.
#pragma once

#include <bit>
#include <cstdint>

#include "reference_trainer/backend/backend.h"

namespace trainer {

// The upper halves of floats.
template <Backend B>
using BFloat16s = Tensor<B, std::uint16_t>;

inline float float_of_bfloat16(std::uint16_t half) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

inline constexpr std::uint32_t kFloatInfinity = 0x7f800000;
inline constexpr std::uint32_t kLargestBFloat16 = 0x7f7f0000;

// To nearest, ties to even; values beyond the largest become infinite. A NaN stays one.
inline std::uint16_t nearest_bfloat16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & ~(1u << 31)) > kFloatInfinity) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

// Away from zero for draws [0, 2^16) that, with the lower half of x, reach 2^16; else towards zero.
// For uniform draws the mean over them is x: values move by their distances. The largest value
// stays the largest; what is not finite stays what it is.
inline std::uint16_t stochastic_bfloat16(float x, std::uint32_t draw) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t magnitude = bits & ~(1u << 31);
  if (magnitude >= kLargestBFloat16) {
    const std::uint32_t quiet = magnitude > kFloatInfinity ? 0x40 : 0;
    return static_cast<std::uint16_t>(bits >> 16 | quiet);
  }
  return static_cast<std::uint16_t>((bits + draw) >> 16);
}

// y := the nearest values, of the shape of x.
void round_to_nearest(Cpu& cpu, const Tensor<Cpu>& x, BFloat16s<Cpu>& y);

// y := one of the two neighbours of each value; value i takes 16 bits of random_bits(key, i / 4),
// whatever the number of threads.
void round_stochastically(Cpu& cpu, std::uint64_t key, const Tensor<Cpu>& x, BFloat16s<Cpu>& y);

// x := y, exactly.
void widen(Cpu& cpu, const BFloat16s<Cpu>& y, Tensor<Cpu>& x);

}  // namespace trainer
