// What a forward pass keeps decides about memory and time, never about a gradient.
#include "reference_trainer/model/kept_activations.h"

#include <gtest/gtest.h>

#include "reference_trainer/roste/fold_norms.h"
#include "reference_trainer/roste/merge_rotations.h"
#include "reference_trainer/train/step.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

struct Case {
  const char* name;
  ModelShape shape;
  QuantConfig quant;
};

QuantConfig bits(int weight, int activation, int kv) {
  QuantConfig quant;
  quant.weight.bits = weight;
  quant.activation.bits = activation;
  quant.kv.bits = kv;
  return quant;
}

ModelShape sequential_neox() {
  ModelShape shape = test::tiny_neox_shape();
  shape.residual = ResidualKind::kSequential;
  return shape;
}

std::vector<Case> quantized_cases() {
  return {{"llama W4A4KV4", test::tiny_shape(), bits(4, 4, 4)},
          {"llama W3A5KV3", test::tiny_shape(), bits(3, 5, 3)},
          {"neox W4A8KV4", test::tiny_neox_shape(), bits(4, 8, 4)},
          {"sequential neox W8A4KV8", sequential_neox(), bits(8, 4, 8)}};
}

std::vector<Case> plain_cases() {
  return {{"llama", test::tiny_shape(), {}}, {"neox", test::tiny_neox_shape(), {}}};
}

// The network of a case, under every rotation that its head size allows.
Network<Cpu> network_of(Cpu& cpu, const Case& c) {
  Network<Cpu> network = test::tiny_network(cpu, c.shape, 7);
  if (!c.quant.weight.enabled()) return network;
  fold_norms(cpu, network);
  const bool power_of_two = (c.shape.head_dim & (c.shape.head_dim - 1)) == 0;
  const RotationMask mask(power_of_two ? 0b1111u : 0b1001u);
  apply_plan(cpu, c.quant, RotationChoice::shared(mask, network.plan.shape, 3), network);
  return network;
}

// Gradients of two micro-batches of different lengths.
std::vector<std::vector<float>> gradients(Cpu& cpu, const Case& c, Keep keep) {
  const Network<Cpu> network = network_of(cpu, c);
  TrainingState<Cpu> state(cpu, network, keep);
  const auto samples = test::tiny_samples(c.shape, 5, 11);
  const std::vector<TokenBatch> batches = {
      make_batch(std::vector<const SftSample*>{&samples[0], &samples[1]}),
      make_batch(std::vector<const SftSample*>{&samples[2], &samples[3], &samples[4]})};
  const CrossEntropy loss;
  step_gradients(cpu, network, StepObjective<const CrossEntropy>{batches, loss}, state);
  std::vector<std::vector<float>> all;
  for (const auto& t : tensor_list(state.gradients)) all.push_back(test::values(*t.tensor));
  return all;
}

TEST(KeptActivations, CodesGiveTheSameGradients) {
  Cpu cpu(2);
  for (const Case& c : quantized_cases())
    EXPECT_EQ(gradients(cpu, c, Keep::kCodes), gradients(cpu, c, Keep::kEveryLayer)) << c.name;
}

TEST(KeptActivations, RunningBlocksAgainGivesTheSameGradients) {
  Cpu cpu(2);
  std::vector<Case> cases = quantized_cases();
  for (const Case& c : plain_cases()) cases.push_back(c);
  for (const Case& c : cases)
    EXPECT_EQ(gradients(cpu, c, Keep::kInputs), gradients(cpu, c, Keep::kEveryLayer)) << c.name;
}

// Values that a layer keeps between its passes.
std::int64_t kept_values(const LayerActivations<Cpu>& a) {
  std::int64_t count = 0;
  for (const Tensor<Cpu>* t : {&a.input, &a.qkv_input, &a.q, &a.k, &a.v, &a.o_input, &a.middle,
                               &a.gate_up_input, &a.gate, &a.up, &a.down_input})
    count += t->size();
  return count;
}

// Per token: 3 d + 2 kv + 2 ffn values and half a byte for each of 3 d + ffn, or d values.
TEST(KeptActivations, TakeTheMemoryTheyPromise) {
  Cpu cpu(1);
  const Case c = quantized_cases()[0];
  const Network<Cpu> network = network_of(cpu, c);
  const auto samples = test::tiny_samples(c.shape, 1, 11);
  const TokenBatch batch = make_batch(std::vector<const SftSample*>{&samples[0]});
  ModelInput<Cpu> input;
  load_batch(cpu, batch, input);
  const auto tokens = static_cast<std::int64_t>(batch.tokens.size());
  const std::int64_t d = 24, kv = 16, ffn = 56, query = 32;
  for (const Keep keep : {Keep::kCodes, Keep::kInputs}) {
    Activations<Cpu> acts(network.plan.shape, keep);
    transformer_forward(cpu, network, input, acts);
    for (std::size_t i = 0; i < 2; ++i) {
      KeptLayer<Cpu>& kept = acts.kept(i);
      const std::int64_t expected = keep == Keep::kInputs ? d : 2 * d + query + 2 * kv + 2 * ffn;
      EXPECT_EQ(kept_values(kept.values), tokens * expected);
      const std::int64_t bytes = kept.inputs.qkv.bytes.size() + kept.inputs.o.bytes.size() +
                                 kept.inputs.gate_up.bytes.size() + kept.inputs.down.bytes.size();
      EXPECT_EQ(bytes, keep == Keep::kInputs ? 0 : tokens * (2 * d + query + ffn) / 2);
    }
  }
}

}  // namespace
}  // namespace trainer
