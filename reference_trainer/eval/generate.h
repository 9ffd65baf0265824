// Generation for many prompts at once, with the quantized key/value cache.
#pragma once

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

#include "reference_trainer/base/stop_request.h"
#include "reference_trainer/eval/coded_kv_cache.h"
#include "reference_trainer/eval/kv_cache.h"
#include "reference_trainer/model/batch_input.h"
#include "reference_trainer/model/transformer.h"

namespace trainer {

enum class StopToken { kDropped, kKept };

struct GenerationSettings {
  std::int64_t max_new_tokens = 64;            // fewer where the model's context ends
  std::vector<TokenId> stop;                   // generation ends at any of them
  StopToken stop_token = StopToken::kDropped;  // whether it is part of the result
};

using TokenSequence = std::vector<TokenId>;

// What a token is chosen from.
struct NextToken {
  std::size_t sequence;           // of the batch
  std::size_t generated;          // tokens chosen for it before
  std::span<const float> logits;  // [vocab]
};

// Greedy generation: ties go to the lower id.
struct MostLikely {
  TokenId operator()(const NextToken& next) const {
    const auto best = std::max_element(next.logits.begin(), next.logits.end());
    return static_cast<TokenId>(best - next.logits.begin());
  }
};

// The state of one batch of generations; Choose is a function of NextToken, as MostLikely; Cache is
// the Memory of its forward passes.
template <Backend B, class Choose, class Cache = KvCache<B>>
class GenerationBatch {
 public:
  GenerationBatch(B& backend, const Network<B>& network, std::span<const TokenSequence> prompts,
                  const GenerationSettings& settings, Choose choose)
      : backend_(backend),
        network_(network),
        settings_(settings),
        choose_(std::move(choose)),
        cache_(backend, network.plan, static_cast<std::int64_t>(prompts.size()),
               capacity_for(network.plan.shape, prompts, settings)),
        acts_(network.plan.shape, Keep::kOneLayer),
        lengths_(prompts.size(), 0),
        results_(prompts.size()),
        active_(prompts.size()) {
    std::iota(active_.begin(), active_.end(), std::size_t{0});
    feed({prompts.begin(), prompts.end()});
  }

  // One more token for every unfinished sequence; false when all are finished.
  bool step() {
    const std::vector<TokenId> next = next_tokens();
    std::vector<std::size_t> still_active;
    std::vector<TokenSequence> new_tokens;
    for (std::size_t i = 0; i < active_.size(); ++i) {
      const std::size_t s = active_[i];
      const bool stops = is_stop(next[i]);
      if (!stops || settings_.stop_token == StopToken::kKept) results_[s].push_back(next[i]);
      if (stops) continue;
      const auto generated = static_cast<std::int64_t>(results_[s].size());
      if (generated == settings_.max_new_tokens || lengths_[s] == cache_.capacity()) continue;
      still_active.push_back(s);
      new_tokens.push_back({next[i]});
    }
    active_ = std::move(still_active);
    if (active_.empty()) return false;
    feed(new_tokens);
    return true;
  }

  const std::vector<TokenSequence>& results() const { return results_; }

 private:
  bool is_stop(TokenId token) const {
    return std::find(settings_.stop.begin(), settings_.stop.end(), token) != settings_.stop.end();
  }

  // Tokens that the cache has to hold for a sequence; no model goes beyond the context it knows.
  static std::int64_t capacity_for(const ModelShape& shape, std::span<const TokenSequence> prompts,
                                   const GenerationSettings& settings) {
    std::int64_t longest = 0;
    for (const TokenSequence& p : prompts) {
      longest = std::max(longest, static_cast<std::int64_t>(p.size()));
    }
    const std::int64_t wanted = longest + settings.max_new_tokens;
    return shape.max_positions > 0 ? std::min(wanted, std::max(shape.max_positions, longest))
                                   : wanted;
  }

  // Runs the model on new tokens of the active sequences.
  void feed(const std::vector<TokenSequence>& tokens) {
    std::vector<std::int32_t> ids, positions;
    std::vector<std::int64_t> rows;
    input_.spans.clear();
    last_rows_.clear();
    for (std::size_t i = 0; i < active_.size(); ++i) {
      const std::int64_t base = static_cast<std::int64_t>(active_[i]) * cache_.capacity();
      std::int64_t& length = lengths_[active_[i]];
      const auto added = static_cast<std::int64_t>(tokens[i].size());
      input_.spans.push_back({static_cast<std::int64_t>(ids.size()), added, base, length + added});
      for (const TokenId t : tokens[i]) {
        ids.push_back(t);
        positions.push_back(static_cast<std::int32_t>(length));
        rows.push_back(base + length++);
      }
      last_rows_.push_back(static_cast<std::int64_t>(ids.size()) - 1);
    }
    load_indices(backend_, ids, input_.tokens);
    load_indices(backend_, positions, input_.positions);
    cache_.set_destinations(std::move(rows));
    NoTap tap;
    ForwardPass<B, Cache, NoTap> pass{backend_, network_, input_, acts_, cache_, tap};
    transformer_forward(pass);
  }

  // The next token of every active sequence.
  std::vector<TokenId> next_tokens() {
    gather_rows(backend_, acts_.final_hidden, last_rows_, last_hidden_);
    lm_head_forward(backend_, last_hidden_, network_.parameters.lm_head(), logits_);
    std::vector<float> host(static_cast<std::size_t>(logits_.size()));
    copy_to_host<float>(backend_, logits_, host);
    std::vector<TokenId> next;
    const auto vocab = static_cast<std::size_t>(logits_.cols());
    for (std::size_t i = 0; i < active_.size(); ++i) {
      next.push_back(choose_({active_[i], results_[active_[i]].size(),
                              std::span<const float>(host).subspan(i * vocab, vocab)}));
    }
    return next;
  }

  B& backend_;
  const Network<B>& network_;
  GenerationSettings settings_;
  Choose choose_;
  Cache cache_;
  Activations<B> acts_;
  ModelInput<B> input_;
  Tensor<B> last_hidden_, logits_;     // [active, d], [active, vocab]
  std::vector<std::int64_t> lengths_;  // tokens in the cache, per sequence
  std::vector<TokenSequence> results_;
  std::vector<std::size_t> active_;  // unfinished sequences
  std::vector<std::int64_t> last_rows_;
};

template <class Cache, Backend B>
std::vector<TokenSequence> generate_batch(B& backend, const Network<B>& network,
                                          std::span<const TokenSequence> prompts,
                                          const GenerationSettings& settings) {
  GenerationBatch<B, MostLikely, Cache> batch(backend, network, prompts, settings, {});
  while (batch.step()) stop_if_requested();
  return batch.results();
}

// The same with the cache that suits the network: codes where its weights are codes.
template <Backend B>
std::vector<TokenSequence> generate_batch(B& backend, const Network<B>& network,
                                          std::span<const TokenSequence> prompts,
                                          const GenerationSettings& settings) {
  if (network.plan.weight_form == WeightForm::kCodes && caches_codes(network.plan))
    return generate_batch<CodedKvCache<B>>(backend, network, prompts, settings);
  return generate_batch<KvCache<B>>(backend, network, prompts, settings);
}

// The continuation of each prompt (at least one token each). `done` hears of every finished batch.
template <Backend B>
std::vector<TokenSequence> generate_greedy(B& backend, const Network<B>& network,
                                           std::span<const TokenSequence> prompts,
                                           const GenerationSettings& settings,
                                           std::size_t batch_size,
                                           const std::function<void(std::size_t)>& done) {
  std::vector<TokenSequence> all;
  for (std::size_t first = 0; first < prompts.size(); first += batch_size) {
    const std::size_t count = std::min(batch_size, prompts.size() - first);
    const auto batch = generate_batch(backend, network, prompts.subspan(first, count), settings);
    all.insert(all.end(), batch.begin(), batch.end());
    if (done) done(all.size());
  }
  return all;
}

}  // namespace trainer
