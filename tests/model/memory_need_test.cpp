// Sizes of published models and of activations that really exist, against the estimate.
#include "reference_trainer/train/memory_need.h"

#include <gtest/gtest.h>

#include "reference_trainer/roste/fold_norms.h"
#include "reference_trainer/roste/merge_rotations.h"
#include "reference_trainer/train/step.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

ModelShape neox(std::int64_t layers, std::int64_t d, std::int64_t heads, std::int64_t vocab) {
  ModelShape s;
  s.architecture = kNeoXArchitecture;
  s.vocab_size = vocab;
  s.hidden_size = d;
  s.intermediate_size = 4 * d;
  s.layers = layers;
  s.heads = s.kv_heads = heads;
  s.head_dim = d / heads;
  s.norm = NormKind::kLayerNorm;
  s.mlp = MlpKind::kGelu;
  s.residual = ResidualKind::kParallel;
  s.qkv_bias = s.output_bias = s.mlp_bias = true;
  return s;
}

struct Llama {
  std::int64_t layers, d, ffn, heads, kv_heads, vocab;
};

ModelShape llama(const Llama& l) {
  ModelShape s;
  s.vocab_size = l.vocab;
  s.hidden_size = l.d;
  s.intermediate_size = l.ffn;
  s.layers = l.layers;
  s.heads = l.heads;
  s.kv_heads = l.kv_heads;
  s.head_dim = l.d / l.heads;
  return s;
}

double parameters(const ModelShape& shape) { return loading_memory(shape).weights / 4; }

// Parameter counts as published with the models.
TEST(MemoryNeed, CountsOfPublishedModels) {
  EXPECT_EQ(parameters(neox(16, 2048, 8, 50304)), 1'011'781'632.0);                 // Pythia 1B
  EXPECT_EQ(parameters(neox(32, 4096, 32, 50432)), 6'857'302'016.0);                // Pythia 6.9B
  EXPECT_EQ(parameters(llama({32, 4096, 14336, 32, 8, 128256})), 8'030'261'248.0);  // Llama 3.1 8B
  ModelShape qwen = llama({24, 896, 4864, 14, 2, 151936});                          // Qwen2.5 0.5B
  qwen.qkv_bias = qwen.tied_embeddings = true;
  EXPECT_EQ(parameters(qwen), 494'032'768.0);
}

TEST(MemoryNeed, PartsOfAPlainTraining) {
  TrainingLoad load;
  load.shape = llama({2, 16, 32, 4, 2, 100});
  const double count = parameters(load.shape);
  MemoryNeed need = training_memory(load);
  EXPECT_EQ(need.weights, 4 * count);
  EXPECT_EQ(need.effective, 0);
  EXPECT_EQ(need.gradients, 4 * count);
  EXPECT_EQ(need.moments, 8 * count);
  EXPECT_EQ(need.activations, 0);
  load.moments = MomentBits::k8;
  load.copies = 2;
  load.quant.weight.bits = load.quant.activation.bits = 4;
  need = training_memory(load);
  EXPECT_EQ(need.weights, 8 * count);
  EXPECT_EQ(need.moments, (2 + 8.0 / 256) * count);
  const double linears = 2 * (2 * 16 * 16 + 2 * 8 * 16 + 3 * 16 * 32);
  EXPECT_EQ(need.effective, 4.5 * linears);
  load.trained = Trained::kAdapters;
  EXPECT_EQ(training_memory(load).gradients, 0);
}

// Training unties the head.
TEST(MemoryNeed, TheHeadOfATiedModelCounts) {
  TrainingLoad load;
  load.shape = llama({2, 16, 32, 4, 2, 100});
  const double untied = training_memory(load).weights;
  load.shape.tied_embeddings = true;
  EXPECT_EQ(training_memory(load).weights, untied);
  EXPECT_EQ(loading_memory(load.shape).weights, untied - 4 * 100 * 16);
}

// A file may claim anything; counting takes no longer for it.
TEST(MemoryNeed, CF08_AbsurdShapesAreCounted) {
  ModelShape absurd = llama({1'000'000'000, 4096, 14336, 32, 8, 1'000'000'000'000});
  EXPECT_GT(loading_memory(absurd).total(), 1e17);
}

double kept_bytes(const LayerActivations<Cpu>& a) {
  double bytes = 0;
  for (const Tensor<Cpu>* t : {&a.input, &a.qkv_input, &a.q, &a.k, &a.v, &a.o_input, &a.middle,
                               &a.gate_up_input, &a.gate, &a.up, &a.down_input})
    bytes += 4 * static_cast<double>(t->size());
  return bytes;
}

// What one layer more costs is what a layer keeps.
TEST(MemoryNeed, ALayerOfActivations) {
  Cpu cpu(1);
  for (const ModelShape& base : {test::tiny_shape(), test::tiny_neox_shape()}) {
    Network<Cpu> network = test::tiny_network(cpu, base, 7);
    fold_norms(cpu, network);
    QuantConfig quant;
    quant.weight.bits = quant.activation.bits = quant.kv.bits = 4;
    apply_plan(cpu, quant, RotationChoice::shared(RotationMask(0), network.plan.shape, 3), network);
    const auto samples = test::tiny_samples(base, 1, 11);
    const TokenBatch batch = make_batch(std::vector<const SftSample*>{&samples[0]});
    ModelInput<Cpu> input;
    load_batch(cpu, batch, input);
    for (const Keep keep : {Keep::kEveryLayer, Keep::kCodes, Keep::kInputs}) {
      Activations<Cpu> acts(network.plan.shape, keep);
      transformer_forward(cpu, network, input, acts);
      double kept = kept_bytes(keep == Keep::kEveryLayer ? acts.layer(1) : acts.kept(1).values);
      if (keep == Keep::kCodes) {
        const PerInput<PackedRows<Cpu>>& inputs = acts.kept(1).inputs;
        kept += static_cast<double>(inputs.qkv.bytes.size() + inputs.o.bytes.size() +
                                    inputs.gate_up.bytes.size() + inputs.down.bytes.size());
      }
      TrainingLoad load{base, quant, keep};
      load.batch_tokens = static_cast<std::int64_t>(batch.tokens.size());
      const double two = training_memory(load).activations;
      load.shape.layers = 3;
      EXPECT_EQ(training_memory(load).activations - two, kept);
    }
  }
}

TEST(MemoryNeed, TheTextNamesWhatThereIs) {
  const MemoryNeed need{.weights = 0x1p30, .gradients = 0x1.8p31, .moments = 0x1p29};
  EXPECT_EQ(memory_text(need), "4.5 GiB: weights 1.0 GiB, gradients 3.0 GiB, moments 0.50 GiB");
}

}  // namespace
}  // namespace trainer
