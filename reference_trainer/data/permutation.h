// The order of the samples in an epoch: a pure function of (count, seed, epoch).
#pragma once

#include <cstdint>
#include <vector>

namespace trainer {

// A uniform permutation of 0 ... count - 1, the same on every machine and compiler: 0 ... count - 1
// in order, shuffled by the RandomStream with the key mixed_bits(mixed_bits(seed) + epoch); see
// base/random.h.
std::vector<std::int64_t> permutation(std::int64_t count, std::uint64_t seed, std::uint64_t epoch);

}  // namespace trainer
