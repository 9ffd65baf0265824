// The random numbers of the built-in task: the same text comes out on every platform, and each item
// has a stream of its own.
#pragma once

#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "reference_trainer/base/random.h"

namespace trainer::builtin {

// One stream per (seed, stream, item). How numbers below a bound are drawn is part of the task: a
// change would change its texts.
class Draws {
 public:
  explicit constexpr Draws(std::uint64_t key) : stream_(key) {}
  constexpr Draws(std::uint64_t seed, std::uint64_t stream, std::uint64_t item)
      : stream_(mixed_bits(roste::random_bits(roste::random_bits(seed, 0) + stream, 0) + item)) {}

  constexpr std::uint64_t next() { return stream_.next(); }

  // In [0, count), 1 <= count < 2^32. The upper half of a draw is scaled: the bias of a value is
  // below count / 2^32, 1e-8 for our lists.
  constexpr std::uint64_t below(std::uint64_t count) { return ((next() >> 32) * count) >> 32; }

  constexpr bool happens(std::uint64_t percent) { return below(100) < percent; }

  template <class List>
  const auto& pick(const List& list) {
    return list[below(std::size(list))];
  }

  // Two different entries of a list that has at least two.
  template <class List>
  auto pick_two(const List& list) {
    const std::uint64_t first = below(std::size(list));
    const std::uint64_t second = below(std::size(list) - 1);
    return std::pair(list[first], list[second < first ? second : second + 1]);
  }

  template <class T>
  void shuffle(std::vector<T>& items) {
    trainer::shuffle(*this, items);
  }

 private:
  RandomStream stream_;
};

}  // namespace trainer::builtin
