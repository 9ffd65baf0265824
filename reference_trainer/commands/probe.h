// What a change of weights that should change nothing did to the logits.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "reference_trainer/model/batch_input.h"
#include "reference_trainer/model/transformer.h"

namespace trainer {

// Logits of a fixed sequence that walks through the vocabulary.
template <Backend B>
std::vector<float> probe_logits(B& backend, const Network<B>& network) {
  const ModelShape& shape = network.plan.shape;
  SftSample sample;
  const std::int64_t length =
      std::min<std::int64_t>(64, std::max<std::int64_t>(2, shape.max_positions));
  for (std::int64_t i = 0; i < length; ++i) {
    sample.tokens.push_back(static_cast<TokenId>(i * 7919 % shape.vocab_size));  // 7919: a prime
    sample.target.push_back(1);
  }
  const SftSample* samples[] = {&sample};
  ModelInput<B> input;
  load_batch(backend, make_batch(samples), input);
  Activations<B> acts(shape, Keep::kOneLayer);
  transformer_forward(backend, network, input, acts);
  Tensor<B> logits;
  lm_head_forward(backend, acts.final_hidden, network.parameters.lm_head(), logits);
  std::vector<float> host(static_cast<std::size_t>(logits.size()));
  copy_to_host<float>(backend, logits, host);
  return host;
}

// max|a - b| / max|a|, both of one length.
double largest_relative_difference(const std::vector<float>& a, const std::vector<float>& b);

// Throws RO-08 where logits of the model in `directory` differ by more than 1e-3 of the largest:
// float32 rounding leaves about 1e-6, a rotation on a wrong side about 1.
void check_unchanged(double difference, const std::filesystem::path& directory);

// "1.23e-06"
std::string difference_text(double difference);

}  // namespace trainer
