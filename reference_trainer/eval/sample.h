// Text that a model makes up by itself: sequences sampled from its own predictions, as LLM-QAT
// (Liu et al. 2023, section 2.1) makes its training data.
#pragma once

#include <cstdint>
#include <functional>

#include "reference_trainer/eval/generate.h"

namespace trainer {

struct SampleSettings {
  std::int64_t sequences = 1024;  // LLM-QAT: 96 000
  std::int64_t max_length = 128;  // tokens of a sequence, at least 2; LLM-QAT: 2048
  // A sequence begins with between `least_greedy` and `most_greedy` tokens that are the most likely
  // ones, its first token counted; after them tokens are sampled. At least 1 and in this order.
  std::int64_t least_greedy = 3, most_greedy = 5;
  double temperature = 1;  // > 0; divides the logits
  std::size_t batch_size = 32;
  std::uint64_t seed = 42;
  std::vector<TokenId> first_tokens;  // what a sequence may begin with, each as likely; not empty
  std::vector<TokenId> stop;          // a sequence ends with any of them
};

// All ids below `vocab_size` but those of `special`: what a sequence may begin with.
std::vector<TokenId> ordinary_tokens(std::int64_t vocab_size, std::span<const TokenId> special);

// Throws std::invalid_argument for settings outside the ranges above.
void check(const SampleSettings& settings);

// The random decisions of one sequence: functions of (seed, sequence) and of nothing else.
class SequenceDraws {
 public:
  SequenceDraws(const SampleSettings& settings, std::size_t sequence);
  TokenId first_token() const;
  std::int64_t greedy_tokens() const;              // first token included
  double share(std::size_t token_position) const;  // in [0, 1), for sampling the token there

 private:
  const SampleSettings& settings_;
  std::uint64_t key_;
};

// The token at which the running sum of softmax(logits / temperature) exceeds share in [0, 1).
TokenId token_at_share(std::span<const float> logits, double temperature, double share);

// Chooses tokens of the batch that begins with sequence `first`.
class SampledToken {
 public:
  SampledToken(const SampleSettings& settings, std::size_t first)
      : settings_(settings), first_(first) {}

  TokenId operator()(const NextToken& next) const {
    const SequenceDraws draws(settings_, first_ + next.sequence);
    const std::size_t position = next.generated + 1;  // the first token was given
    if (static_cast<std::int64_t>(position) < draws.greedy_tokens()) return MostLikely()(next);
    return token_at_share(next.logits, settings_.temperature, draws.share(position));
  }

 private:
  const SampleSettings& settings_;
  std::size_t first_;
};

// settings.sequences sequences of 2 ... max_length tokens (fewer where the model's context ends),
// the stop token included. The same for every number of threads; another batch_size adds products
// up in another order, which may change a token. `done` hears of every finished batch; may be
// empty. Throws as check().
template <Backend B>
std::vector<TokenSequence> sample_sequences(B& backend, const Network<B>& network,
                                            const SampleSettings& settings,
                                            const std::function<void(std::size_t)>& done) {
  check(settings);
  const GenerationSettings generation{settings.max_length - 1, settings.stop, StopToken::kKept};
  std::vector<TokenSequence> all;
  const auto count = static_cast<std::size_t>(settings.sequences);
  while (all.size() < count) {
    const std::size_t first = all.size();
    std::vector<TokenSequence> batch;
    for (std::size_t s = first; s < std::min(count, first + settings.batch_size); ++s)
      batch.push_back({SequenceDraws(settings, s).first_token()});
    GenerationBatch<B, SampledToken> generations(backend, network, batch, generation,
                                                 SampledToken(settings, first));
    while (generations.step()) stop_if_requested();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const TokenSequence& more = generations.results()[i];
      batch[i].insert(batch[i].end(), more.begin(), more.end());
      all.push_back(std::move(batch[i]));
    }
    if (done) done(all.size());
  }
  return all;
}

}  // namespace trainer
