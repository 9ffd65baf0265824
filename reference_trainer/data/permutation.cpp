#include "reference_trainer/data/permutation.h"

#include <numeric>

#include "reference_trainer/base/random.h"

namespace trainer {

std::vector<std::int64_t> permutation(std::int64_t count, std::uint64_t seed, std::uint64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  RandomStream draws(mixed_bits(mixed_bits(seed) + epoch));
  shuffle(draws, order);
  return order;
}

}  // namespace trainer
