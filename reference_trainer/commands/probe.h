// What a change of weights that should change nothing did to the logits.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "reference_trainer/io/safetensors.h"
#include "reference_trainer/stream/streamed_probe.h"

namespace trainer {

// Logits of a fixed sequence that walks through the vocabulary.
template <Backend B>
std::vector<float> probe_logits(B& backend, const Network<B>& network) {
  const ModelShape& shape = network.plan.shape;
  ModelInput<B> input;
  load_batch(backend, probe_batch(shape), input);
  Activations<B> acts(shape, Keep::kOneLayer);
  transformer_forward(backend, network, input, acts);
  Tensor<B> logits;
  lm_head_forward(backend, acts.final_hidden, network.parameters.lm_head(), logits);
  std::vector<float> host(static_cast<std::size_t>(logits.size()));
  copy_to_host<float>(backend, logits, host);
  return host;
}

// LogitDifference of two vectors of one length.
double largest_relative_difference(const std::vector<float>& a, const std::vector<float>& b);

// Throws RO-08 where logits of the model in `directory` differ by more than 1e-3 of the largest:
// float32 rounding leaves about 1e-6, a rotation on a wrong side about 1.
void check_unchanged(double difference, const std::filesystem::path& directory);

// The same after rounding to a type of fewer bits: RO-20 where logits of a model with `weights`
// linear layers, embedding and head included, differ by more than accepted_by_rounding.
void check_rounded(double difference, DType dtype, std::int64_t weights,
                   const std::filesystem::path& directory);

// Every weight rounds its values independently by at most u = unit_roundoff(dtype) of them, so
// that each of n layers changes its outputs by at most about u, and independent changes add up to
// u sqrt(n); 4 times that and the 1e-3 of check_unchanged are accepted. Derivation: docs/memory.md.
double accepted_by_rounding(DType dtype, std::int64_t weights);

// "1.23e-06"
std::string difference_text(double difference);

}  // namespace trainer
