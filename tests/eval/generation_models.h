// Models and prompts for tests of generation and evaluation, and the slow way to generate.
#pragma once

#include <algorithm>
#include <vector>

#include "reference_trainer/eval/generate.h"
#include "reference_trainer/roste/merge_rotations.h"
#include "tests/model/tiny_model.h"

namespace trainer::test {

enum class Precision { kPlain, kQuantizedAndRotated };

struct GenerationCase {
  ModelShape (*shape)();
  Precision precision;
};

// A head of its own: a tied one would repeat the last token.
inline ModelShape generating_shape() {
  ModelShape s = tiny_shape();
  s.tied_embeddings = false;
  return s;
}

inline ModelShape generating_neox_shape() {
  ModelShape s = tiny_neox_shape();
  s.tied_embeddings = false;
  return s;
}

inline void scale(float by, Tensor<Cpu>& t) {
  for (std::int64_t i = 0; i < t.size(); ++i) t.data()[i] *= by;
}

// The tiny network with embeddings that differ and attention that chooses, so that what it says
// depends on every token before.
inline Network<Cpu> talkative_network(Cpu& cpu, const ModelShape& shape) {
  Network<Cpu> network = tiny_network(cpu, shape, 5);
  Tensor<Cpu>& embedding = network.parameters.embedding;
  for (std::int64_t r = 0; r < embedding.rows(); ++r)
    embedding.data()[r * embedding.cols() + 3] = 0;
  scale(3, embedding);
  for (auto& layer : network.parameters.layers) {
    scale(2, layer.weight[Linear::kQ]);
    scale(2, layer.weight[Linear::kK]);
    scale(3, layer.weight[Linear::kO]);
  }
  return network;
}

// W4A4KV4 under all four rotations, or full precision as the checkpoint has it.
inline Network<Cpu> generating_network(Cpu& cpu, const ModelShape& shape, Precision precision) {
  Network<Cpu> network = talkative_network(cpu, shape);
  if (precision == Precision::kPlain) return network;
  QuantConfig quant;
  quant.weight.bits = quant.activation.bits = quant.kv.bits = 4;
  fold_norms(cpu, network);
  apply_plan(cpu, quant, RotationChoice::shared(RotationMask(15), network.plan.shape, 6), network);
  return network;
}

// Lengths 1, 5, 3, 9 and 2.
inline std::vector<TokenSequence> ragged_prompts(const ModelShape& shape) {
  std::vector<TokenSequence> prompts;
  for (const std::uint64_t length : {1u, 5u, 3u, 9u, 2u}) {
    TokenSequence& prompt = prompts.emplace_back();
    for (std::uint64_t t = 0; t < length; ++t) {
      const auto vocab = static_cast<std::uint64_t>(shape.vocab_size);
      prompt.push_back(static_cast<TokenId>(roste::random_bits(17 + length, t) % vocab));
    }
  }
  return prompts;
}

// Logits of all positions of one sequence [tokens, vocab], computed without a cache.
inline Tensor<Cpu> full_logits(Cpu& cpu, const Network<Cpu>& network, TokenSequence tokens) {
  SftSample sample;
  sample.tokens = std::move(tokens);
  sample.tokens.push_back(0);  // a batch feeds all tokens but the last
  sample.target.assign(sample.tokens.size(), 1);
  const SftSample* rows[] = {&sample};
  ModelInput<Cpu> input;
  load_batch(cpu, make_batch(rows), input);
  Activations<Cpu> acts(network.plan.shape, Keep::kOneLayer);
  transformer_forward(cpu, network, input, acts);
  Tensor<Cpu> logits;
  lm_head_forward(cpu, acts.final_hidden, network.parameters.lm_head(), logits);
  return logits;
}

// Greedy generation by a full forward pass over everything so far, one for each new token.
inline TokenSequence slow_greedy(Cpu& cpu, const Network<Cpu>& network, TokenSequence tokens,
                                 std::int64_t max_new_tokens) {
  TokenSequence added;
  for (std::int64_t i = 0; i < max_new_tokens; ++i) {
    const Tensor<Cpu> logits = full_logits(cpu, network, tokens);
    const float* last = logits.data() + (logits.rows() - 1) * logits.cols();
    added.push_back(static_cast<TokenId>(std::max_element(last, last + logits.cols()) - last));
    tokens.push_back(added.back());
  }
  return added;
}

}  // namespace trainer::test
