#include "reference_trainer/data/batches.h"

#include "reference_trainer/data/permutation.h"

namespace trainer {

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

TokenBatch make_batch(std::span<const SftSample* const> samples) {
  TokenBatch batch;
  batch.begin.push_back(0);
  for (const SftSample* sample : samples) append_sequence(*sample, batch);
  return batch;
}

const std::vector<std::int64_t>& EpochOrder::order_of(std::int64_t epoch) {
  if (epoch != epoch_) {
    order_ = permutation(samples_, seed_, static_cast<std::uint64_t>(epoch));
    epoch_ = epoch;
  }
  return order_;
}

std::vector<std::int64_t> EpochOrder::batch(std::int64_t batch_size, std::int64_t step) {
  std::vector<std::int64_t> indices;
  const std::int64_t first = step * batch_size;
  for (std::int64_t at = first; at < first + batch_size; ++at) {
    indices.push_back(order_of(at / samples_)[at % samples_]);
  }
  return indices;
}

std::vector<std::int64_t> batch_indices(std::int64_t samples, std::int64_t batch_size,
                                        std::uint64_t seed, std::int64_t step) {
  return EpochOrder(samples, seed).batch(batch_size, step);
}

}  // namespace trainer
