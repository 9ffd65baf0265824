// The order of the samples in an epoch: a pure function of (count, seed, epoch).
#pragma once

#include <cstdint>
#include <vector>

namespace trainer {

// A uniform permutation of 0 ... count - 1, the same on every machine and compiler.
//
// Draws: the n-th 64-bit draw (n = 1, 2, ...) is mix(key + n * 0x9e3779b97f4a7c15) with
// key = mix(mix(seed) + epoch); mix is the finalizer of SplitMix64 (Steele et al. 2014). A number
// below b comes from the high half of draw * b; draws whose low half is below 2^64 mod b are
// skipped, which makes it unbiased (Lemire 2019).
// Shuffle: Fisher-Yates from the last place down: for i = count - 1 ... 1 swap places i and
// (number below i + 1).
std::vector<std::int64_t> permutation(std::int64_t count, std::uint64_t seed, std::uint64_t epoch);

}  // namespace trainer
