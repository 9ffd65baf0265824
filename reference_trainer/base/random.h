// Random numbers addressed by counters: a function of (key, index), so they are the same on every
// machine, and no stream depends on how much another one has drawn.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

#include "roste/core/signs.h"

namespace trainer {

// A 64-bit word with its bits mixed, one to one: the finalizer of SplitMix64, as the index -1 makes
// the step of the counter vanish.
constexpr std::uint64_t mixed_bits(std::uint64_t word) {
  return roste::random_bits(word, ~std::uint64_t{0});
}

// Draws random_bits(key, 0), random_bits(key, 1), ...
class RandomStream {
 public:
  explicit constexpr RandomStream(std::uint64_t key) : key_(key) {}

  // Uniform in [0, 2^64).
  constexpr std::uint64_t next() { return roste::random_bits(key_, index_++); }

  // Uniform in [0, bound), bound >= 1: the high half of draw * bound, without bias because draws
  // whose low half is below 2^64 mod bound are skipped (Lemire, "Fast random integer generation in
  // an interval", 2019).
  constexpr std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t skipped = (0 - bound) % bound;  // 2^64 mod bound
    for (;;) {
      const unsigned __int128 product = static_cast<unsigned __int128>(next()) * bound;
      if (static_cast<std::uint64_t>(product) >= skipped) {
        return static_cast<std::uint64_t>(product >> 64);
      }
    }
  }

  // Standard normal, by Box and Muller (1958) from two draws.
  double normal() {
    const double u = (static_cast<double>(next() >> 11) + 1) * 0x1p-53;  // (0, 1]
    const double turn = static_cast<double>(next() >> 11) * 0x1p-53;     // [0, 1)
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * turn);
  }

 private:
  std::uint64_t key_;
  std::uint64_t index_ = 0;
};

// Fisher-Yates from the last place down: place i is swapped with place draws.below(i + 1).
template <class Draws, class T>
void shuffle(Draws& draws, std::vector<T>& items) {
  for (std::size_t i = items.size(); i-- > 1;) std::swap(items[i], items[draws.below(i + 1)]);
}

}  // namespace trainer
