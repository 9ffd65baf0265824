// The random signs r(zeta) of eq. (19): a function of (seed, index), so they are the same bits on
// every device and for any number of threads.
#pragma once

#include <cstdint>

#include "roste/core/host_device.h"

namespace roste {

// Value number `index` of the SplitMix64 sequence that starts from `seed` (Steele, Lea and Flood,
// "Fast splittable pseudorandom number generators", 2014), computed without the values before it.
ROSTE_HD constexpr std::uint64_t random_bits(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = seed + (index + 1) * 0x9E3779B97F4A7C15u;  // 2^64 over the golden ratio, odd
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// +1 or -1: the top bit of random_bits, set meaning -1.
ROSTE_HD constexpr int random_sign(std::uint64_t seed, std::uint64_t index) {
  return (random_bits(seed, index) >> 63) != 0 ? -1 : 1;
}

}  // namespace roste
