// Folding and rotating without quantizers must not change what the model computes.
#include <gtest/gtest.h>

#include "reference_trainer/model/batch_input.h"
#include "reference_trainer/model/transformer.h"
#include "reference_trainer/roste/merge_rotations.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

std::vector<float> logits(Cpu& cpu, const Network<Cpu>& network) {
  const auto samples = test::tiny_samples(network.plan.shape, 3, 5);
  const std::vector<const SftSample*> rows{&samples[0], &samples[1], &samples[2]};
  ModelInput<Cpu> input;
  load_batch(cpu, make_batch(rows), input);
  Activations<Cpu> acts(network.plan.shape, Keep::kOneLayer);
  transformer_forward(cpu, network, input, acts);
  Tensor<Cpu> out;
  lm_head_forward(cpu, acts.final_hidden, network.parameters.lm_head(), out);
  return test::values(out);
}

class RotationInvariance : public testing::TestWithParam<unsigned> {};

// 1e-4: the bound the project promises in float32; a wrong side of any rotation gives O(1).
TEST_P(RotationInvariance, FoldedAndRotatedLogitsAreUnchanged) {
  Cpu cpu(1);
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 1);
  const std::vector<float> before = logits(cpu, network);
  fold_norms(cpu, network);
  apply_plan(cpu, {}, RotationChoice::shared(RotationMask(GetParam()), network.plan.shape, 9),
             network);
  EXPECT_LT(test::relative_difference(logits(cpu, network), before), 1e-4);
}

TEST_P(RotationInvariance, FoldedAndRotatedLogitsOfALayerNormModelAreUnchanged) {
  Cpu cpu(1);
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_neox_shape(), 1);
  const std::vector<float> before = logits(cpu, network);
  fold_norms(cpu, network);
  apply_plan(cpu, {}, RotationChoice::shared(RotationMask(GetParam()), network.plan.shape, 9),
             network);
  EXPECT_LT(test::relative_difference(logits(cpu, network), before), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(AllSixteen, RotationInvariance, testing::Range(0u, 16u),
                         [](const auto& mask) { return RotationMask(mask.param).text(); });

TEST(FoldNorms, GainsBecomeOnesAndEmbeddingsUntied) {
  Cpu cpu(1);
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 1);
  fold_norms(cpu, network);
  EXPECT_FALSE(network.plan.shape.tied_embeddings);
  EXPECT_FALSE(network.parameters.head.empty());
  for (const auto& t : tensor_list(network.parameters)) {
    if (t.kind != TensorKind::kNormGain) continue;
    for (const float g : test::values(*t.tensor)) EXPECT_EQ(g, 1.0f);
  }
}

TEST(FoldNorms, FoldingTwiceIsFoldingOnce) {
  Cpu cpu(1);
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 1);
  fold_norms(cpu, network);
  const HostParameters once = get_parameters(cpu, network.parameters);
  fold_norms(cpu, network);
  EXPECT_EQ(get_parameters(cpu, network.parameters), once);
}

// The rescaling of docs/builtin-task.md uses powers of two, so not a bit may change: neither with
// biases nor where RoPE turns half a head.
void expect_outliers_move(const ModelShape& shape) {
  Cpu cpu(1);
  Network<Cpu> network = test::tiny_network(cpu, shape, 1);
  const std::vector<float> before = logits(cpu, network);
  HostParameters host = get_parameters(cpu, network.parameters);
  const HostParameters original = host;
  move_outliers(shape, {}, 3, host);
  EXPECT_NE(host, original);
  set_parameters(cpu, host, network.parameters);
  EXPECT_EQ(logits(cpu, network), before);
}

TEST(BaseModel, MovingOutliersKeepsEveryBitOfTheLogits) {
  expect_outliers_move(test::tiny_shape());
  expect_outliers_move(test::tiny_neox_shape());
}

}  // namespace
}  // namespace trainer
