// Which samples make the batches of a step: in shuffled order, grouped by length, or packed. A pure
// function of (lengths, settings, seed, step), so a run can be resumed anywhere. docs/data.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "reference_trainer/data/batches.h"
#include "reference_trainer/data/sample_view.h"

namespace trainer {

enum class Batching {
  kShuffled,         // every epoch in its own order
  kGroupedByLength,  // the same, sorted inside megabatches of 50 batches
  kPacked,           // packs in shuffled order; a batch counts packs
};

struct BatchSettings {
  Batching batching = Batching::kShuffled;
  std::int64_t pack_length = 0;   // tokens of a pack, at least those of the longest sample
  std::int64_t micro_batch = 8;   // samples, or packs, of a forward pass
  std::int64_t accumulation = 1;  // forward passes of a step
  std::uint64_t seed = 42;
};

// Best-fit decreasing: the longest samples first, each into the fullest pack that still has room
// for it, else into a new one. Equally long samples go by index, equally full packs by age. No
// sample is cut; each is in one pack. lengths <= capacity.
std::vector<std::vector<std::int64_t>> pack_best_fit(std::span<const std::int64_t> lengths,
                                                     std::int64_t capacity);

// `order` cut into runs of `megabatch` indices, each sorted by falling length, equals as they were.
void sort_megabatches(std::span<const std::int64_t> lengths, std::int64_t megabatch,
                      std::vector<std::int64_t>& order);

class BatchPlan {
 public:
  // Refers to `samples`, whose lengths alone it asks for; none are asked for when kShuffled.
  BatchPlan(const SampleView& samples, const BatchSettings& settings);

  // What a batch counts: samples, or packs. An epoch has so many.
  std::int64_t units() const { return units_; }

  // Sample indices of each micro-batch of optimizer step `step` >= 0.
  std::vector<std::vector<std::int64_t>> micro_batches(std::int64_t step);

 private:
  std::vector<std::int64_t> units_of_step(std::int64_t step);
  const std::vector<std::int64_t>& grouped_order(std::int64_t epoch);

  BatchSettings settings_;
  std::vector<std::int64_t> lengths_;             // of samples; empty when kShuffled
  std::vector<std::vector<std::int64_t>> packs_;  // kPacked
  std::int64_t units_;
  EpochOrder shuffled_;
  std::int64_t epoch_ = -1;            // that grouped_ belongs to
  std::vector<std::int64_t> grouped_;  // kGroupedByLength
};

// The ragged micro-batches of optimizer step `step`.
std::vector<TokenBatch> step_batches(const SampleView& samples, BatchPlan& plan, std::int64_t step);

}  // namespace trainer
