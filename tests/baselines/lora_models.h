// Networks with adapters whose values are not zero, for tests of LoRA.
#pragma once

#include <string>
#include <vector>

#include "reference_trainer/baselines/lora.h"
#include "reference_trainer/train/base_model.h"
#include "tests/eval/generation_models.h"

namespace trainer::test {

inline const std::vector<Linear> kEveryTarget{kLinears.begin(), kLinears.end()};

inline LoraSettings lora_settings(std::vector<Linear> targets) {
  LoraSettings s;
  s.rank = 3;
  s.alpha = 6;
  s.targets = std::move(targets);
  return s;
}

// Values of size 0.1 in a and b of every adapter: their product moves logits by tenths.
inline void fill_adapters(Adapters<Cpu>& adapters) {
  std::uint64_t stream = 900;
  for (auto& t : tensor_list(adapters)) {
    ++stream;
    for (std::int64_t i = 0; i < t.tensor->size(); ++i)
      t.tensor->data()[i] = 0.1f * uniform(stream, static_cast<std::uint64_t>(i));
  }
}

// A folded network under the rotations `mask`, without adapters.
inline Network<Cpu> lora_base(Cpu& cpu, const std::string& mask, const QuantConfig& quant,
                              const ModelShape& shape = generating_shape()) {
  Network<Cpu> network = talkative_network(cpu, shape);
  fold_norms(cpu, network);
  apply_plan(cpu, quant, RotationChoice::shared(RotationMask::parse(mask), network.plan.shape, 6),
             network);
  return network;
}

inline Network<Cpu> adapted_network(Cpu& cpu, const std::string& mask) {
  Network<Cpu> network = lora_base(cpu, mask, {});
  attach_adapters(cpu, lora_settings(kEveryTarget), network);
  fill_adapters(network.adapters);
  return network;
}

inline std::vector<float> logits_of(Cpu& cpu, const Network<Cpu>& network) {
  return values(full_logits(cpu, network, {3, 9, 27, 5, 15, 8, 24, 31, 2, 6}));
}

}  // namespace trainer::test
