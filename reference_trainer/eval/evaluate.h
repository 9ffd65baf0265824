// What a model is worth on a data set: cross-entropy of the completions and ROUGE of greedy
// generations.
#pragma once

#include <cmath>

#include "reference_trainer/eval/generate.h"
#include "reference_trainer/eval/rouge.h"

namespace trainer {

// Hears how many pieces of work are done, of how many: a sample scored and a prompt continued count
// one each.
using EvaluationProgress = std::function<void(std::size_t, std::size_t)>;

struct EvaluationSettings {
  GenerationSettings generation;
  std::size_t batch_size = 32;
  EvaluationProgress progress;  // may be empty
  Stemming stemming = Stemming::kNone;
};

struct Evaluation {
  double loss = 0;  // mean over target tokens, nats per token
  std::int64_t targets = 0;
  std::size_t samples = 0;
  RougeScores rouge;                    // means over the samples with a prompt, in [0, 1]
  std::size_t rouge_samples = 0;        // 0: no sample has a prompt, and `rouge` means nothing
  std::vector<RougeScores> rouge_each;  // of the samples with a prompt, in their order
  double perplexity() const { return std::exp(loss); }
};

// Summed cross-entropy of the targets of all samples. `done` hears of samples scored; may be empty.
template <Backend B>
LossSum dataset_loss(B& backend, const Network<B>& network, std::span<const SftSample> samples,
                     std::size_t batch_size, const std::function<void(std::size_t)>& done) {
  Activations<B> acts(network.plan.shape, Keep::kOneLayer);
  ModelInput<B> input;
  Indices<B> targets;
  LossSum sum;
  for (std::size_t first = 0; first < samples.size(); first += batch_size) {
    stop_if_requested();
    const std::size_t end = std::min(first + batch_size, samples.size());
    std::vector<const SftSample*> rows;
    for (std::size_t i = first; i < end; ++i) rows.push_back(&samples[i]);
    const TokenBatch batch = make_batch(rows);
    load_batch(backend, batch, input);
    load_indices(backend, batch.targets, targets);
    transformer_forward(backend, network, input, acts);
    const LossSum part =
        lm_head_loss(backend, acts.final_hidden, network.parameters.lm_head(), targets);
    sum.negative_log_likelihood += part.negative_log_likelihood;
    sum.targets += part.targets;
    if (done) done(end);
  }
  return sum;
}

// Means, in order. `scores` must not be empty.
inline RougeScores mean_of(std::span<const RougeScores> scores) {
  RougeScores mean;
  const auto n = static_cast<double>(scores.size());
  for (const RougeScores& r : scores) {
    mean.rouge1 += r.rouge1 / n;
    mean.rouge2 += r.rouge2 / n;
    mean.rouge_l += r.rouge_l / n;
    mean.rouge_lsum += r.rouge_lsum / n;
  }
  return mean;
}

// Generates from the prompt of every sample, none of them empty, and scores the text against its
// reference.
template <Backend B>
std::vector<RougeScores> dataset_rouge(B& backend, const Network<B>& network,
                                       const Tokenizer& tokenizer,
                                       std::span<const SftSample* const> samples,
                                       const EvaluationSettings& settings,
                                       const std::function<void(std::size_t)>& done) {
  std::vector<TokenSequence> prompts;
  for (const SftSample* s : samples) {
    prompts.emplace_back(s->tokens.begin(), s->tokens.begin() + s->prompt_length);
  }
  const auto generated =
      generate_greedy<B>(backend, network, prompts, settings.generation, settings.batch_size, done);
  std::vector<RougeScores> scores;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    scores.push_back(rouge(samples[i]->reference,
                           tokenizer.decode_continuation(prompts[i], generated[i]),
                           settings.stemming));
  }
  return scores;
}

// samples must not be empty. Rows of plain text have no prompt: they count for the loss only.
template <Backend B>
Evaluation evaluate(B& backend, const Network<B>& network, const Tokenizer& tokenizer,
                    std::span<const SftSample> samples, const EvaluationSettings& settings) {
  std::vector<const SftSample*> prompted;
  for (const SftSample& s : samples) {
    if (s.prompt_length > 0) prompted.push_back(&s);
  }
  const std::size_t work = samples.size() + prompted.size();
  const auto progress_after = [&](std::size_t before) {
    return [&settings, before, work](std::size_t done) {
      if (settings.progress) settings.progress(before + done, work);
    };
  };
  const LossSum loss =
      dataset_loss(backend, network, samples, settings.batch_size, progress_after(0));
  Evaluation result;
  result.loss = loss.negative_log_likelihood / static_cast<double>(loss.targets);
  result.targets = loss.targets;
  result.samples = samples.size();
  result.rouge_samples = prompted.size();
  if (prompted.empty()) return result;
  result.rouge_each = dataset_rouge<B>(backend, network, tokenizer, prompted, settings,
                                       progress_after(samples.size()));
  result.rouge = mean_of(result.rouge_each);
  return result;
}

}  // namespace trainer
