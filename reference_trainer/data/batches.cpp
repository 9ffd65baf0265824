#include "reference_trainer/data/batches.h"

#include "reference_trainer/data/permutation.h"

namespace trainer {
namespace {

void append_sequence(const SftSample& sample, TokenBatch& batch) {
  for (std::size_t t = 0; t + 1 < sample.tokens.size(); ++t) {
    const bool is_target = sample.target[t + 1] != 0;
    batch.tokens.push_back(sample.tokens[t]);
    batch.positions.push_back(static_cast<std::int32_t>(t));
    batch.targets.push_back(is_target ? sample.tokens[t + 1] : -1);
    batch.target_count += is_target ? 1 : 0;
  }
  batch.begin.push_back(static_cast<std::int64_t>(batch.tokens.size()));
}

}  // namespace

TokenBatch make_batch(std::span<const SftSample* const> samples) {
  TokenBatch batch;
  batch.begin.push_back(0);
  for (const SftSample* sample : samples) append_sequence(*sample, batch);
  return batch;
}

std::vector<std::int64_t> batch_indices(std::int64_t samples, std::int64_t batch_size,
                                        std::uint64_t seed, std::int64_t step) {
  std::vector<std::int64_t> indices;
  // The epochs, each in its own order, form one endless sequence; a step is a window of it.
  const std::int64_t first = step * batch_size;
  std::vector<std::int64_t> order;
  for (std::int64_t at = first; at < first + batch_size; ++at) {
    const std::int64_t place = at % samples;
    if (order.empty() || place == 0) {
      order = permutation(samples, seed, static_cast<std::uint64_t>(at / samples));
    }
    indices.push_back(order[place]);
  }
  return indices;
}

}  // namespace trainer
