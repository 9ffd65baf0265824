// A tiny random model and random samples for tests of the model and the pipeline.
#pragma once

#include <cmath>
#include <vector>

#include "reference_trainer/data/sft_dataset.h"
#include "reference_trainer/model/effective_weights.h"
#include "reference_trainer/train/base_model.h"
#include "roste/core/signs.h"

namespace trainer::test {

// ffn 56 = 28 * 2: R4 is a Paley rotation. d = 24 = 12 * 2: so is R1.
inline ModelShape tiny_shape() {
  ModelShape s;
  s.vocab_size = 40;
  s.hidden_size = 24;
  s.intermediate_size = 56;
  s.layers = 2;
  s.heads = 4;
  s.kv_heads = 2;
  s.head_dim = 8;
  s.max_positions = 64;
  s.tied_embeddings = true;
  s.qkv_bias = s.output_bias = s.mlp_bias = true;
  s.eos_token_ids = {1};
  return s;
}

// GPT-NeoX of the same size; four of a head's six channels turn.
inline ModelShape tiny_neox_shape() {
  ModelShape s = tiny_shape();
  s.architecture = kNeoXArchitecture;
  s.kv_heads = 4;
  s.head_dim = 6;
  s.partial_rotary_dim = 4;
  s.norm = NormKind::kLayerNorm;
  s.mlp = MlpKind::kGelu;
  s.residual = ResidualKind::kParallel;
  return s;
}

// Uniform in [-1, 1).
inline float uniform(std::uint64_t seed, std::uint64_t index) {
  return static_cast<float>(static_cast<double>(roste::random_bits(seed, index) >> 11) * 0x1p-52 -
                            1.0);
}

// Weights of size 1/sqrt(in), gains around 1, biases around 0.2; one outlier channel in the
// embedding.
inline Network<Cpu> tiny_network(Cpu& cpu, const ModelShape& shape, std::uint64_t seed) {
  Network<Cpu> network = make_network(cpu, plain_plan(shape));
  std::uint64_t stream = seed * 1000;
  for (auto& t : tensor_list(network.parameters)) {
    ++stream;
    const float scale =
        t.is_matrix() ? 1.7f / std::sqrt(static_cast<float>(t.tensor->cols())) : 0.2f;
    const float offset = t.kind == TensorKind::kNormGain ? 1.0f : 0.0f;
    for (std::int64_t i = 0; i < t.tensor->size(); ++i) {
      t.tensor->data()[i] = offset + scale * uniform(stream, static_cast<std::uint64_t>(i));
    }
  }
  Tensor<Cpu>& embedding = network.parameters.embedding;
  for (std::int64_t r = 0; r < embedding.rows(); ++r)
    embedding.data()[r * embedding.cols() + 3] = 4.0f;
  update_effective_weights(cpu, network);
  return network;
}

inline std::vector<SftSample> tiny_samples(const ModelShape& shape, std::int64_t count,
                                           std::uint64_t seed) {
  std::vector<SftSample> samples;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto draw = [&](std::uint64_t k) {
      return roste::random_bits(seed + static_cast<std::uint64_t>(i), k);
    };
    SftSample s;
    const auto length = static_cast<std::size_t>(6 + draw(1000) % 9);
    for (std::size_t t = 0; t < length; ++t) {
      s.tokens.push_back(
          static_cast<TokenId>(draw(t) % static_cast<std::uint64_t>(shape.vocab_size)));
      s.target.push_back(t >= 3 ? 1 : 0);
    }
    s.prompt_length = 3;
    s.reference = "a b";
    samples.push_back(std::move(s));
  }
  return samples;
}

inline std::vector<float> values(const Tensor<Cpu>& t) { return {t.data(), t.data() + t.size()}; }

// max|a - b| / max|b|
inline double relative_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    difference =
        std::max(difference, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    size = std::max(size, std::abs(static_cast<double>(b[i])));
  }
  return a.size() == b.size() ? difference / size : HUGE_VAL;
}

}  // namespace trainer::test
