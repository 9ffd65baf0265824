// Evaluating a network the same way in every command.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reference_trainer/commands/session.h"
#include "reference_trainer/eval/bootstrap.h"
#include "reference_trainer/eval/evaluate.h"
#include "reference_trainer/report/progress.h"

namespace trainer {

ProgressStyle progress_style(const CommandLine& line);

// {"loss", "perplexity", "rouge1", "rouge2", "rougeL", "rougeLsum", "rouge_average", "samples",
// "target_tokens"}; ROUGE in [0, 100], as papers print it, null where no sample has a prompt.
nlohmann::ordered_json to_json(const Evaluation& evaluation);

// {"confidence", "resamples", "seed"} and, for every ROUGE above, [low, high] of its mean: what
// rouge-score's BootstrapAggregator computes. The average's is that of each sample's average. An
// evaluation without prompts has none.
nlohmann::ordered_json intervals_of(const Evaluation& evaluation,
                                    const BootstrapSettings& settings);

// The measures for people; `intervals` as intervals_of, or null.
std::string evaluation_table(const Evaluation& evaluation, const nlohmann::ordered_json& intervals);

template <Backend B>
Evaluation evaluate_samples(B& backend, const CommandLine& line, const Network<B>& network,
                            const Tokenizer& tokenizer, std::span<const SftSample> samples) {
  Progress progress(progress_style(line));
  const auto prompts = std::count_if(samples.begin(), samples.end(),
                                     [](const SftSample& s) { return s.prompt_length > 0; });
  progress.begin("evaluate", static_cast<std::int64_t>(samples.size()) + prompts);
  const EvaluationSettings settings{
      {line.generation.max_new_tokens, network.plan.shape.eos_token_ids},
      static_cast<std::size_t>(line.generation.batch_size),
      [&](std::size_t done, std::size_t) { progress.update(static_cast<std::int64_t>(done)); },
      line.generation.rouge_stemmer};
  const Evaluation result = evaluate(backend, network, tokenizer, samples, settings);
  progress.finish();
  return result;
}

}  // namespace trainer
