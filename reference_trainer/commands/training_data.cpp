#include "reference_trainer/commands/training_data.h"

#include <algorithm>
#include <numeric>

#include "reference_trainer/data/batches.h"
#include "reference_trainer/report/number_text.h"

namespace trainer {
namespace {

TrainingData cached_splits(const CommandLine& line, const Tokenizer& tokenizer,
                           const ModelShape& shape) {
  const DataOptions& data = line.data;
  TrainingData result;
  result.cache = TokenCache::open(data.dataset_cache, {data.dataset,
                                                       line.model.model_name_or_path,
                                                       tokenizer,
                                                       {shape.eos_token_ids},
                                                       reading_options(line, shape)});
  const TokenCache& cache = *result.cache;
  say_counts(line, data.dataset, cache.counts());
  say(line, cache.note());
  if (!data.eval_dataset.empty()) {
    result.rows.resize(static_cast<std::size_t>(cache.size()));
    std::iota(result.rows.begin(), result.rows.end(), 0);
    result.eval = load_dataset(line, data.eval_dataset, tokenizer, shape).samples;
    return result;
  }
  const std::int64_t held_out = held_out_samples(line, cache.size());
  const std::vector<std::int64_t> order =
      batch_indices(cache.size(), cache.size(), line.train.seed, 0);
  for (std::int64_t i = 0; i < held_out; ++i)
    result.eval.push_back(cache.sample_with_reference(order[static_cast<std::size_t>(i)]));
  result.rows.assign(order.begin() + held_out, order.end());
  return result;
}

}  // namespace

TrainingData load_training_data(const CommandLine& line, const Tokenizer& tokenizer,
                                const ModelShape& shape) {
  if (!line.data.dataset_cache.empty()) {
    TrainingData cached = cached_splits(line, tokenizer, shape);
    say_overlap(line, cached.training(), cached.eval);
    return cached;
  }
  DataSplits splits = load_splits(line, tokenizer, shape);
  TrainingData data;
  data.train = std::move(splits.train);
  data.eval = std::move(splits.eval);
  return data;
}

void say_packs(const CommandLine& line, const SampleView& samples, std::int64_t packs) {
  if (line.data.packing == Packing::kNone) return;
  std::int64_t tokens = 0;
  for (std::int64_t i = 0; i < samples.size(); ++i) tokens += samples.length(i);
  const double filled =
      static_cast<double>(tokens) / static_cast<double>(packs * line.data.reading.max_length);
  say(line, std::to_string(samples.size()) + " samples in " + std::to_string(packs) + " packs of " +
                std::to_string(line.data.reading.max_length) + " tokens, " +
                fixed_text(100 * filled, 1) + "% full");
}

}  // namespace trainer
