// From samples to ragged batches, in an order that is a pure function of (seed, step), so a run can
// be resumed anywhere.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "reference_trainer/data/sft_dataset.h"

namespace trainer {

// Sequences laid end to end; N is the number of tokens fed to the model. There is no padding.
struct TokenBatch {
  std::vector<std::int32_t> tokens;     // [N]
  std::vector<std::int32_t> positions;  // [N], from 0 in every sequence
  std::vector<std::int32_t> targets;    // [N], the next token where it is a target, else -1
  std::vector<std::int64_t> begin;      // [S + 1], first row of each sequence; begin[S] = N
  std::int64_t target_count = 0;        // targets >= 0
};

// A sequence of T tokens gives T - 1 rows: the last token is only ever a target.
TokenBatch make_batch(std::span<const SftSample* const> samples);

// Adds one more sequence at the end of a batch that make_batch() made.
void append_sequence(const SftSample& sample, TokenBatch& batch);

// The order in which samples are seen: the epochs, each in its own order (permutation.h), form one
// endless sequence. Remembers the order of one epoch; what it returns depends on the arguments
// alone.
class EpochOrder {
 public:
  // samples > 0.
  EpochOrder(std::int64_t samples, std::uint64_t seed) : samples_(samples), seed_(seed) {}

  // The sample indices of optimizer step `step` (from 0), a window of the sequence: the last
  // incomplete batch of an epoch is filled from the next one. batch_size > 0, step >= 0. Steps may
  // be asked for in any order; consecutive ones compute each epoch's order once.
  std::vector<std::int64_t> batch(std::int64_t batch_size, std::int64_t step);

 private:
  const std::vector<std::int64_t>& order_of(std::int64_t epoch);

  std::int64_t samples_;
  std::uint64_t seed_;
  std::int64_t epoch_ = -1;          // that order_ belongs to
  std::vector<std::int64_t> order_;  // [samples], or empty before the first batch
};

// EpochOrder(samples, seed).batch(batch_size, step), for a single step.
std::vector<std::int64_t> batch_indices(std::int64_t samples, std::int64_t batch_size,
                                        std::uint64_t seed, std::int64_t step);

}  // namespace trainer
