#include "reference_trainer/data/permutation.h"

#include <numeric>
#include <utility>

namespace trainer {
namespace {

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

class Draws {
 public:
  Draws(std::uint64_t seed, std::uint64_t epoch) : key_(mix(mix(seed) + epoch)) {}

  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t skipped = (0 - bound) % bound;  // 2^64 mod bound
    for (;;) {
      const unsigned __int128 product = static_cast<unsigned __int128>(next()) * bound;
      if (static_cast<std::uint64_t>(product) >= skipped) {
        return static_cast<std::uint64_t>(product >> 64);
      }
    }
  }

 private:
  std::uint64_t next() { return mix(key_ + ++count_ * 0x9e3779b97f4a7c15u); }

  std::uint64_t key_;
  std::uint64_t count_ = 0;
};

}  // namespace

std::vector<std::int64_t> permutation(std::int64_t count, std::uint64_t seed, std::uint64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  Draws draws(seed, epoch);
  for (std::size_t i = order.size(); i-- > 1;) std::swap(order[i], order[draws.below(i + 1)]);
  return order;
}

}  // namespace trainer
