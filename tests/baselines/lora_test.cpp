// Adapters: what a network with them computes, and what merging makes of them.
#include "reference_trainer/baselines/lora.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/baselines/lora_models.h"
#include "tests/io/files.h"

namespace trainer {
namespace {

TEST(Lora, FreshAdaptersChangeNothing) {
  Cpu cpu(2);
  Network<Cpu> network = test::lora_base(cpu, "1001", {});
  const std::vector<float> before = test::logits_of(cpu, network);
  attach_adapters(cpu, test::lora_settings(test::kEveryTarget), network);
  EXPECT_EQ(test::logits_of(cpu, network), before);
}

TEST(Lora, AdaptersHaveTheShapesOfTheirTargets) {
  Cpu cpu(1);
  Network<Cpu> network = test::lora_base(cpu, "0000", {});
  attach_adapters(cpu, test::lora_settings({Linear::kK, Linear::kDown}), network);
  const auto list = tensor_list(network.adapters);
  ASSERT_EQ(list.size(), 8u);
  EXPECT_EQ(list[0].name, "model.layers.0.self_attn.k_proj.lora_A.weight");
  EXPECT_EQ(list[0].shape(), (std::vector<std::int64_t>{3, 24}));
  EXPECT_EQ(list[1].name, "model.layers.0.self_attn.k_proj.lora_B.weight");
  EXPECT_EQ(list[1].shape(), (std::vector<std::int64_t>{16, 3}));
  EXPECT_EQ(list[7].name, "model.layers.1.mlp.down_proj.lora_B.weight");
  EXPECT_EQ(list[7].shape(), (std::vector<std::int64_t>{24, 3}));
  EXPECT_EQ(network.adapters.scale, 2.0);
}

TEST(Lora, InitialValuesAreUniformBelowKaimingsBoundAndDifferByPlaceAndSeed) {
  LoraSettings settings;
  settings.rank = 50;
  const std::vector<float> a = initial_adapter(settings, 0, Linear::kQ, 100);
  ASSERT_EQ(a.size(), 5000u);
  double sum = 0, squares = 0;
  for (const float x : a) {
    EXPECT_LT(std::abs(x), 0.1f);
    sum += static_cast<double>(x);
    squares += static_cast<double>(x) * static_cast<double>(x);
  }
  // Mean 0 and variance 0.1^2 / 3: five standard errors of 5000 values.
  EXPECT_NEAR(sum / 5000, 0, 5 * 0.1 / std::sqrt(3.0 * 5000));
  EXPECT_NEAR(squares / 5000, 0.01 / 3, 5 * 0.01 * std::sqrt(4.0 / 45 / 5000));
  LoraSettings other = settings;
  other.seed = 43;
  EXPECT_EQ(initial_adapter(settings, 0, Linear::kQ, 100), a);
  const std::set<std::vector<float>> all{a, initial_adapter(settings, 1, Linear::kQ, 100),
                                         initial_adapter(settings, 0, Linear::kV, 100),
                                         initial_adapter(other, 0, Linear::kQ, 100)};
  EXPECT_EQ(all.size(), 4u);
}

// Both ways round every product to float: 2^-24 times a few hundred terms.
TEST(Lora, MergedAndUnmergedNetworksAgreeUnderEveryRotation) {
  for (const char* mask : {"0000", "1000", "1001", "0101", "1111"}) {
    SCOPED_TRACE(mask);
    Cpu cpu(1);
    const std::vector<float> base = test::logits_of(cpu, test::lora_base(cpu, mask, {}));
    Network<Cpu> network = test::adapted_network(cpu, mask);
    const std::vector<float> unmerged = test::logits_of(cpu, network);
    merge_adapters(cpu, network);
    EXPECT_TRUE(network.adapters.layers.empty());
    EXPECT_LT(test::relative_difference(test::logits_of(cpu, network), unmerged), 1e-5);
    EXPECT_GT(test::relative_difference(unmerged, base), 0.01) << "adapters that do nothing";
  }
}

// Weights that already have R2 and R4 need no way back.
TEST(Lora, MergingIntoMergedRotationsAgreesToo) {
  Cpu cpu(1);
  Network<Cpu> network = test::talkative_network(cpu, test::generating_shape());
  fold_norms(cpu, network);
  const auto choice = RotationChoice::shared(RotationMask::parse("1111"), network.plan.shape, 6);
  apply_plan(cpu, {}, choice, WeightForm::kMerged, network);
  attach_adapters(cpu, test::lora_settings(test::kEveryTarget), network);
  test::fill_adapters(network.adapters);
  const std::vector<float> unmerged = test::logits_of(cpu, network);
  merge_adapters(cpu, network);
  EXPECT_LT(test::relative_difference(test::logits_of(cpu, network), unmerged), 1e-5);
}

// The base's weights stay codes: adapters read the quantized activations and add to the product.
TEST(Lora, AdaptersActBesideQuantizedWeights) {
  Cpu cpu(1);
  QuantConfig quant;
  quant.weight.bits = quant.activation.bits = quant.kv.bits = 4;
  Network<Cpu> network = test::lora_base(cpu, "1001", quant);
  const std::vector<float> base = test::logits_of(cpu, network);
  attach_adapters(cpu, test::lora_settings({Linear::kV}), network);
  EXPECT_EQ(test::logits_of(cpu, network), base);
  test::fill_adapters(network.adapters);
  EXPECT_GT(test::relative_difference(test::logits_of(cpu, network), base), 1e-3);
}

TEST(Lora, GoldenProductOfRankTwo) {
  const std::vector<float> b{1, 2, 3, 4, 5, 6}, a{1, 0, -1, 10, 20, 30};
  const WideMatrix product = adapter_product(0.5, b, a, 2);
  EXPECT_EQ(product.rows, 3);
  EXPECT_EQ(product.cols, 3);
  EXPECT_EQ(product.values, (std::vector<double>{10.5, 20, 29.5, 21.5, 40, 58.5, 32.5, 60, 87.5}));
}

// 1 + 2^-24 + 2^-50 lies above the middle between 1 and the next float. Rounded to float on the
// way, the sum of the two small terms is 2^-24 and the tie goes to 1.
TEST(Lora, MergingRoundsOnce) {
  Cpu cpu(1);
  Tensor<Cpu> a(cpu, 2, 1), b(cpu, 1, 2), w(cpu, 1, 1);
  a.data()[0] = a.data()[1] = w.data()[0] = 1;
  b.data()[0] = 0x1p-24f;
  b.data()[1] = 0x1p-50f;
  merge_adapter<Cpu>(cpu, {}, Linear::kQ, {a, b, 1}, 1.0, w);
  EXPECT_EQ(w.data()[0], 0x1.000002p0f);
}

TEST(Lora, WhatCannotBeIsRefused) {
  Cpu cpu(1);
  Network<Cpu> network = test::lora_base(cpu, "0000", {});
  LoraSettings settings = test::lora_settings({Linear::kQ});
  settings.rank = 0;
  EXPECT_THROW(attach_adapters(cpu, settings, network), std::invalid_argument);
  attach_adapters(cpu, test::lora_settings({Linear::kQ}), network);
  network.plan.weight_form = WeightForm::kEffective;
  EXPECT_THROW(merge_adapters(cpu, network), std::invalid_argument);
  EXPECT_FALSE(network.adapters.layers.empty());
}

// A model with a GELU has no gate.
TEST(Lora, AD05_AModelWithoutTheTargetsIsRefused) {
  Cpu cpu(1);
  Network<Cpu> network = test::talkative_network(cpu, test::generating_neox_shape());
  const auto attach = [&](std::vector<Linear> targets) {
    attach_adapters(cpu, test::lora_settings(std::move(targets)), network);
  };
  testing::expect_error([&] { attach({Linear::kGate}); }, "AD-05", ExitCode::kBadInput,
                        {"mlp.gate_proj", "mlp.up_proj"});
  testing::expect_error([&] { attach({}); }, "AD-05", ExitCode::kBadInput, {"nothing"});
  EXPECT_TRUE(network.adapters.layers.empty());
  attach({Linear::kGate, Linear::kUp});
  EXPECT_EQ(tensor_list(network.adapters).size(), 4u);
}

}  // namespace
}  // namespace trainer
