// Tiny networks under rotations, and what they compute.
#pragma once

#include <string>
#include <vector>

#include "reference_trainer/model/batch_input.h"
#include "reference_trainer/model/transformer.h"
#include "reference_trainer/roste/merge_rotations.h"
#include "tests/model/tiny_model.h"

namespace trainer::test {

inline QuantConfig four_bits() {
  QuantConfig quant;
  quant.weight.bits = quant.activation.bits = quant.kv.bits = 4;
  return quant;
}

inline Network<Cpu> folded_network(Cpu& cpu, std::uint64_t seed) {
  Network<Cpu> network = tiny_network(cpu, tiny_shape(), seed);
  fold_norms(cpu, network);
  update_effective_weights(cpu, network);
  return network;
}

// One mask for each of the two layers.
inline RotationChoice choice(const std::string& first, const std::string& second) {
  return {{RotationMask::parse(first), RotationMask::parse(second)}, 9, OnlineSigns::kRandom};
}

inline Network<Cpu> rotated_network(Cpu& cpu, const QuantConfig& quant,
                                    const RotationChoice& choice, WeightForm form) {
  Network<Cpu> network = folded_network(cpu, 1);
  apply_plan(cpu, quant, choice, form, network);
  return network;
}

// Of three short sequences, [tokens * vocab].
inline std::vector<float> logits(Cpu& cpu, const Network<Cpu>& network) {
  const auto samples = tiny_samples(network.plan.shape, 3, 5);
  const std::vector<const SftSample*> rows{&samples[0], &samples[1], &samples[2]};
  ModelInput<Cpu> input;
  load_batch(cpu, make_batch(rows), input);
  Activations<Cpu> acts(network.plan.shape, Keep::kOneLayer);
  transformer_forward(cpu, network, input, acts);
  Tensor<Cpu> out;
  lm_head_forward(cpu, acts.final_hidden, network.parameters.lm_head(), out);
  return values(out);
}

}  // namespace trainer::test
