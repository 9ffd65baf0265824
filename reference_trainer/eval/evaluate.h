// What a model is worth on a data set: cross-entropy of the completions and ROUGE of greedy
// generations.
#pragma once

#include <cmath>

#include "reference_trainer/eval/generate.h"
#include "reference_trainer/eval/rouge.h"

namespace trainer {

struct EvaluationSettings {
  GenerationSettings generation;
  std::size_t batch_size = 32;
  std::function<void(std::size_t, std::size_t)> progress;  // (samples done, all); may be empty
};

struct Evaluation {
  double loss = 0;  // mean over target tokens, nats per token
  std::int64_t targets = 0;
  RougeScores rouge;  // means over samples, in [0, 1]
  std::size_t samples = 0;
  double perplexity() const { return std::exp(loss); }
};

template <Backend B>
LossSum dataset_loss(B& backend, const Network<B>& network, std::span<const SftSample> samples,
                     std::size_t batch_size) {
  Activations<B> acts(network.plan.shape, Keep::kOneLayer);
  ModelInput<B> input;
  Indices<B> targets;
  LossSum sum;
  for (std::size_t first = 0; first < samples.size(); first += batch_size) {
    std::vector<const SftSample*> rows;
    for (std::size_t i = first; i < std::min(first + batch_size, samples.size()); ++i)
      rows.push_back(&samples[i]);
    const TokenBatch batch = make_batch(rows);
    load_batch(backend, batch, input);
    load_indices(backend, batch.targets, targets);
    transformer_forward(backend, network, input, acts);
    const LossSum part =
        lm_head_loss(backend, acts.final_hidden, network.parameters.output_embedding(), targets);
    sum.negative_log_likelihood += part.negative_log_likelihood;
    sum.targets += part.targets;
  }
  return sum;
}

// Generates from the prompt of every sample and scores the text against its reference.
template <Backend B>
RougeScores dataset_rouge(B& backend, const Network<B>& network, const Tokenizer& tokenizer,
                          std::span<const SftSample> samples, const EvaluationSettings& settings) {
  std::vector<TokenSequence> prompts;
  for (const SftSample& s : samples)
    prompts.emplace_back(s.tokens.begin(), s.tokens.begin() + s.prompt_length);
  const auto report = [&](std::size_t done) {
    if (settings.progress) settings.progress(done, samples.size());
  };
  const auto generated = generate_greedy<B>(backend, network, prompts, settings.generation,
                                            settings.batch_size, report);
  RougeScores mean;
  const auto n = static_cast<double>(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const RougeScores r =
        rouge(samples[i].reference, tokenizer.decode_continuation(prompts[i], generated[i]));
    mean.rouge1 += r.rouge1 / n;
    mean.rouge2 += r.rouge2 / n;
    mean.rouge_l += r.rouge_l / n;
    mean.rouge_lsum += r.rouge_lsum / n;
  }
  return mean;
}

// Samples must have a prompt of at least one token (BOS will do). samples must not be empty.
template <Backend B>
Evaluation evaluate(B& backend, const Network<B>& network, const Tokenizer& tokenizer,
                    std::span<const SftSample> samples, const EvaluationSettings& settings) {
  const LossSum loss = dataset_loss(backend, network, samples, settings.batch_size);
  Evaluation result;
  result.loss = loss.negative_log_likelihood / static_cast<double>(loss.targets);
  result.targets = loss.targets;
  result.samples = samples.size();
  result.rouge = dataset_rouge(backend, network, tokenizer, samples, settings);
  return result;
}

}  // namespace trainer
