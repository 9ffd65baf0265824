// Changing the basis of stored weights keeps the function; R2 and R4 merged are another trainer.
#include "reference_trainer/roste/change_basis.h"

#include <gtest/gtest.h>

#include "reference_trainer/train/training_run.h"
#include "tests/model/rotated_networks.h"

namespace trainer {
namespace {

using test::choice;
using test::logits;
using test::relative_difference;

// Float32 weights and activations of two layers leave some 1e-6; a wrong side of a rotation O(1).
constexpr double kSame = 1e-5;

struct Case {
  const char* first;
  const char* second;
};
class ChangeBasis : public testing::TestWithParam<Case> {
 protected:
  RotationChoice choice() const { return test::choice(GetParam().first, GetParam().second); }
};

TEST_P(ChangeBasis, MergingKeepsTheLogits) {
  Cpu cpu(1);
  const auto before = logits(cpu, test::folded_network(cpu, 1));
  for (const WeightForm form : {WeightForm::kMaster, WeightForm::kMerged}) {
    const Network<Cpu> network = test::rotated_network(cpu, {}, choice(), form);
    EXPECT_EQ(network.plan.weight_form, form);
    EXPECT_LT(relative_difference(logits(cpu, network), before), kSame);
  }
}

// What is merged is what the other form computes before each forward pass, tensor by tensor.
TEST_P(ChangeBasis, MergedWeightsAreTheEffectiveOnes) {
  Cpu cpu(1);
  const auto master = test::rotated_network(cpu, {}, choice(), WeightForm::kMaster);
  const auto merged = test::rotated_network(cpu, {}, choice(), WeightForm::kMerged);
  for (std::size_t i = 0; i < 2; ++i) {
    for (const Linear l : kLinears) {
      // 56 values of a float rotation: 6 additions and a product, 2^-24 each, of sums up to
      // sqrt(56) times the value.
      EXPECT_LT(
          relative_difference(test::values(merged.weight(i, l)), test::values(master.weight(i, l))),
          2e-6)
          << linear_name(l);
      EXPECT_LT(
          relative_difference(test::values(merged.bias(i, l)), test::values(master.bias(i, l))),
          2e-6)
          << linear_name(l);
      EXPECT_TRUE(merged.effective[i].weight[l].empty());
    }
  }
}

TEST_P(ChangeBasis, AnUnrotatedCopyIsTheModelBeforeRotation) {
  Cpu cpu(1);
  const Network<Cpu> folded = test::folded_network(cpu, 1);
  for (const WeightForm form : {WeightForm::kMaster, WeightForm::kMerged}) {
    Network<Cpu> network = test::rotated_network(cpu, test::four_bits(), choice(), form);
    const HostParameters stored = get_parameters(cpu, network.parameters);
    Network<Cpu> copied = unrotated_copy(cpu, network);
    Network<Cpu> original = test::folded_network(cpu, 1);
    const auto a = get_parameters(cpu, copied.parameters),
               b = get_parameters(cpu, original.parameters);
    for (std::size_t t = 0; t < a.size(); ++t) {
      // Rounded to float there and back: half a unit in the last place of the largest, twice.
      EXPECT_LT(relative_difference(a[t], b[t]), 2.4e-7) << tensor_list(copied.parameters)[t].name;
    }
    EXPECT_LT(relative_difference(logits(cpu, copied), logits(cpu, folded)), kSame);
    EXPECT_FALSE(copied.plan.quant.weight.enabled() || copied.plan.quant.activation.enabled());
    EXPECT_EQ(get_parameters(cpu, network.parameters), stored);
  }
}

INSTANTIATE_TEST_SUITE_P(Choices, ChangeBasis,
                         testing::Values(Case{"0000", "0000"}, Case{"1000", "1000"},
                                         Case{"0100", "0000"}, Case{"0001", "0101"},
                                         Case{"1111", "1111"}, Case{"1010", "1101"}),
                         [](const auto& c) {
                           return std::string(c.param.first) + "_" + c.param.second;
                         });

TEST(BasisChange, OnlyWhatChangesTurns) {
  const ModelShape shape = test::tiny_shape();
  const RotationChoice a = choice("1101", "1000"), b = choice("0111", "0001");
  const BasisChange masters = basis_change(shape, WeightForm::kMaster, a, b);
  EXPECT_EQ(masters.at(0, 1)->direction, Direction::kBack);
  for (const int r : {0, 2, 3, 4}) EXPECT_EQ(masters.at(0, r), nullptr);
  const BasisChange merged = basis_change(shape, WeightForm::kMerged, a, b);
  EXPECT_EQ(merged.at(0, 2), nullptr);
  EXPECT_EQ(merged.at(0, 4), nullptr);
  EXPECT_EQ(merged.at(1, 2), nullptr);
  EXPECT_EQ(merged.at(1, 4)->direction, Direction::kForward);
  EXPECT_EQ(merged.at(1, 4)->rotation.size(), shape.intermediate_size);
  EXPECT_EQ(merged.at(1, 3), nullptr);
}

TEST(BasisChange, OtherMatricesAndQuantizedWeightsAreRefused) {
  const ModelShape shape = test::tiny_shape();
  const RotationChoice a = choice("1101", "1000");
  RotationChoice b = a;
  b.seed = 10;
  EXPECT_THROW(basis_change(shape, WeightForm::kMaster, a, b), std::invalid_argument);
  b = a;
  b.online_signs = OnlineSigns::kNone;
  EXPECT_THROW(basis_change(shape, WeightForm::kMaster, a, b), std::invalid_argument);
  EXPECT_THROW(basis_change(shape, WeightForm::kEffective, a, a), std::invalid_argument);
}

// What a few Adam steps leave, and the gradients of the last of them.
struct Trained {
  std::vector<double> losses;
  std::vector<float> logits;
  HostParameters gradients;
};

Trained train(WeightForm form, const QuantConfig& quant, std::int64_t steps) {
  Cpu cpu(1);
  Network<Cpu> network = test::rotated_network(cpu, quant, choice("1111", "1111"), form);
  TrainingState<Cpu> state(cpu, network);
  TrainSettings s;
  s.learning_rate = 1e-3;
  s.micro_batch = 4;
  s.max_steps = steps;
  Trained result;
  TrainingJob<Cpu> job{
      network, state, 0, {}, [&](const StepReport& r) { result.losses.push_back(r.loss); }};
  run_training<Cpu>(cpu, s, test::tiny_samples(network.plan.shape, 12, 21), job);
  result.logits = logits(cpu, network);
  result.gradients = get_parameters(cpu, state.gradients);
  return result;
}

// The same loss before the first step; a step of 1e-3 in each coordinate of another basis is
// another step, by far more than rounding.
TEST(TrainBasis, MergedStartsAlikeAndGoesElsewhere) {
  const Trained master = train(WeightForm::kMaster, {}, 5),
                merged = train(WeightForm::kMerged, {}, 5);
  EXPECT_NEAR(merged.losses[0], master.losses[0], 1e-5 * master.losses[0]);
  EXPECT_GT(relative_difference(merged.logits, master.logits), 100 * kSame);
  EXPECT_LT(merged.losses.back(), merged.losses.front());
}

// Masters that are merged take the gradient as it comes; unrotated ones that of eq. (15), R g.
TEST(TrainBasis, GradientsOfTheTwoFormsAreEachOthersRotation) {
  Cpu cpu(1);
  const Trained master = train(WeightForm::kMaster, {}, 1),
                merged = train(WeightForm::kMerged, {}, 1);
  Network<Cpu> network = test::folded_network(cpu, 1);
  set_parameters(cpu, master.gradients, network.parameters);
  // Both have R1 merged; R2 and R4 are what is between them.
  const RotationChoice r1 = choice("1000", "1000"), all = choice("1111", "1111");
  turn_parameters(cpu, basis_change(network.plan.shape, WeightForm::kMerged, r1, all),
                  network.parameters);
  const HostParameters turned = get_parameters(cpu, network.parameters);
  int different = 0;
  for (std::size_t t = 0; t < turned.size(); ++t) {
    EXPECT_LT(relative_difference(merged.gradients[t], turned[t]), 1e-4)
        << tensor_list(network.parameters)[t].name;
    different += relative_difference(merged.gradients[t], master.gradients[t]) > 0.1;
  }
  EXPECT_EQ(different, 2 * 4);  // v, o, down and the bias of v in two layers
}

// Quantized weights are rounded from the same values: few land on another grid point.
TEST(TrainBasis, QuantizedModelsStartAlikeToo) {
  const Trained master = train(WeightForm::kMaster, test::four_bits(), 1),
                merged = train(WeightForm::kMerged, test::four_bits(), 1);
  EXPECT_NEAR(merged.losses[0], master.losses[0], 0.02 * master.losses[0]);
}

// As a model directory keeps it: roste.json and the stored weights.
TEST(TrainBasis, AMergedModelComesBackBitForBit) {
  Cpu cpu(1);
  Network<Cpu> network =
      test::rotated_network(cpu, test::four_bits(), choice("1101", "1011"), WeightForm::kMerged);
  Network<Cpu> loaded = make_network(cpu, network.plan);
  set_parameters(cpu, get_parameters(cpu, network.parameters), loaded.parameters);
  update_effective_weights(cpu, loaded);
  EXPECT_TRUE(loaded.plan.multiplies_codes());
  EXPECT_EQ(logits(cpu, loaded), logits(cpu, network));
}

}  // namespace
}  // namespace trainer
