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

// The sample indices of optimizer step `step` (from 0): epochs are shuffled by (seed, epoch), the
// last incomplete batch of an epoch is filled from the next epoch (the order of an epoch: see
// permutation.h). samples > 0, batch_size > 0, step >= 0.
std::vector<std::int64_t> batch_indices(std::int64_t samples, std::int64_t batch_size,
                                        std::uint64_t seed, std::int64_t step);

}  // namespace trainer
