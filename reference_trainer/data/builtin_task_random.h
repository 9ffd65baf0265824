// The random numbers of the built-in task: SplitMix64 addressed by counters, so the same text comes
// out on every platform and no draw depends on how much another stream has drawn.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace trainer::builtin {

inline constexpr std::uint64_t kGoldenGamma = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio, made odd

// Finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
// 2014).
constexpr std::uint64_t mix64(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// One stream per (seed, stream, item): draw k of it is mix64(key + (k + 1) * kGoldenGamma).
class Draws {
 public:
  explicit constexpr Draws(std::uint64_t key) : state_(key) {}
  constexpr Draws(std::uint64_t seed, std::uint64_t stream, std::uint64_t item)
      : state_(mix64(mix64(mix64(seed + kGoldenGamma) + stream + kGoldenGamma) + item)) {}

  constexpr std::uint64_t next() { return mix64(state_ += kGoldenGamma); }

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

  // Fisher-Yates, from the back.
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::uint64_t left = items.size(); left > 1; --left) {
      std::swap(items[left - 1], items[below(left)]);
    }
  }

 private:
  std::uint64_t state_;
};

}  // namespace trainer::builtin
