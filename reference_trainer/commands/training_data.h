// What `train` learns from: samples in memory, or in a cache of tokens (--dataset_cache).
#pragma once

#include <memory>
#include <vector>

#include "reference_trainer/commands/session.h"
#include "reference_trainer/data/token_cache.h"

namespace trainer {

struct TrainingData {
  std::vector<SftSample> train, eval;  // train stays empty where there is a cache
  std::unique_ptr<TokenCache> cache;
  std::vector<std::int64_t> rows;  // samples of the cache to train on, in the order of `train`

  SampleView training() const {
    return cache == nullptr ? SampleView(train) : SampleView(*cache, rows);
  }
};

// load_splits(), with the samples to train on where --dataset_cache says. The same samples in the
// same order either way.
TrainingData load_training_data(const CommandLine& line, const Tokenizer& tokenizer,
                                const ModelShape& shape);

// One line on what --packing made of the samples.
void say_packs(const CommandLine& line, const SampleView& samples, std::int64_t packs);

}  // namespace trainer
