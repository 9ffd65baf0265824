// Small folded models for tests of learned rotations.
#pragma once

#include "reference_trainer/roste/fold_norms.h"
#include "reference_trainer/train/training_run.h"
#include "tests/model/tiny_model.h"

namespace trainer::test {

// Tokens that follow from the two before, so that a few steps of training learn them.
inline std::vector<SftSample> recurrent_samples(const ModelShape& shape, std::int64_t count) {
  std::vector<SftSample> samples = tiny_samples(shape, count, 5);
  for (SftSample& s : samples) {
    for (std::size_t i = 2; i < s.tokens.size(); ++i) {
      s.tokens[i] =
          static_cast<TokenId>((7 * s.tokens[i - 1] + s.tokens[i - 2] + 3) % shape.vocab_size);
    }
  }
  return samples;
}

// d = 64, two layers, grouped queries, no biases.
inline ModelShape outlier_shape() {
  ModelShape s = tiny_shape();
  s.hidden_size = 64;
  s.head_dim = 16;
  s.intermediate_size = 128;
  s.tied_embeddings = false;
  s.qkv_bias = s.output_bias = s.mlp_bias = false;
  return s;
}

// The recipe of the built-in base model, massive channels and all, trained on `samples`, folded.
inline Network<Cpu> outlier_network(Cpu& cpu, std::span<const SftSample> samples,
                                    std::uint64_t seed) {
  const ModelShape shape = outlier_shape();
  Network<Cpu> network = make_network(cpu, plain_plan(shape));
  HostParameters values = initial_values(shape, {}, seed);
  move_outliers(shape, {}, seed, values);
  set_parameters(cpu, values, network.parameters);
  TrainSettings settings;
  settings.learning_rate = 3e-3;
  settings.max_steps = 60;
  TrainingState<Cpu> state(cpu, network);
  TrainingJob<Cpu> job{network, state};
  run_training<Cpu>(cpu, settings, samples, job);
  fold_norms(cpu, network);
  return network;
}

}  // namespace trainer::test
