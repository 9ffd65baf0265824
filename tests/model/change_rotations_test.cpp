// A network in training takes other rotations: its function, its moments and its gains.
#include "reference_trainer/train/change_rotations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "reference_trainer/train/training_run.h"
#include "tests/model/rotated_networks.h"

namespace trainer {
namespace {

using test::choice;
using test::logits;
using test::relative_difference;

const RotationChoice kBefore = choice("1100", "1001"), kAfter = choice("0101", "0100");

// A network that has been trained for two steps, unquantized, and its state.
struct Fixture {
  Cpu cpu{1};
  Network<Cpu> network;
  TrainingState<Cpu> state;
  explicit Fixture(WeightForm form, NormGains gains = NormGains::kFolded)
      : network(test::rotated_network(cpu, {}, kBefore, form)), state(cpu, network) {
    network.plan.norm_gains = gains;
    train(0, 2);
  }
  void train(std::int64_t first, std::int64_t last) {
    TrainSettings s;
    s.learning_rate = 1e-2;
    s.schedule = Schedule::kConstant;
    s.micro_batch = 4;
    s.max_steps = last;
    TrainingJob<Cpu> job{network, state, first, {}, {}};
    run_training<Cpu>(cpu, s, test::tiny_samples(network.plan.shape, 12, 21), job);
  }
  std::set<std::string> names(auto&& predicate) {
    std::set<std::string> found;
    const auto list = tensor_list(network.parameters);
    for (std::size_t t = 0; t < list.size(); ++t) {
      if (predicate(t)) found.insert(list[t].name);
    }
    return found;
  }
};

class ChangeRotations : public testing::TestWithParam<std::tuple<WeightForm, NormGains>> {};

// 1e-5: float32 rounding of weights and activations; a wrong side of a rotation gives O(1).
TEST_P(ChangeRotations, KeepsTheFunctionAtFullPrecision) {
  Fixture f(std::get<0>(GetParam()), std::get<1>(GetParam()));
  const auto before = logits(f.cpu, f.network);
  change_rotations(f.cpu, kAfter, MomentPolicy::kReset, 2, f.network, f.state);
  EXPECT_LT(relative_difference(logits(f.cpu, f.network), before), 1e-5);
  EXPECT_EQ(f.network.plan.choice.layers, kAfter.layers);
  EXPECT_EQ(f.network.plan.norm_gains, std::get<1>(GetParam()));
  EXPECT_EQ(f.network.plan.weight_form, std::get<0>(GetParam()));
  EXPECT_TRUE(f.network.plan.at(0).r4 && !f.network.plan.at(1).r4);
}

// Weights and the objective are measured on the same model whatever its present basis.
TEST_P(ChangeRotations, TheUnrotatedCopyStaysTheSame) {
  Fixture f(std::get<0>(GetParam()), std::get<1>(GetParam()));
  Network<Cpu> before = unrotated_copy(f.cpu, f.network);
  change_rotations(f.cpu, kAfter, MomentPolicy::kReset, 2, f.network, f.state);
  Network<Cpu> after = unrotated_copy(f.cpu, f.network);
  EXPECT_LT(relative_difference(logits(f.cpu, after), logits(f.cpu, before)), 1e-5);
  EXPECT_EQ(after.plan.norm_gains, NormGains::kFolded);
}

std::string name_of_case(const testing::TestParamInfo<std::tuple<WeightForm, NormGains>>& c) {
  const bool merged = std::get<0>(c.param) == WeightForm::kMerged;
  const bool trained = std::get<1>(c.param) == NormGains::kFoldedTrained;
  return std::string(merged ? "merged" : "unrotated") + (trained ? "_trained" : "_frozen");
}

INSTANTIATE_TEST_SUITE_P(Forms, ChangeRotations,
                         testing::Combine(testing::Values(WeightForm::kMaster, WeightForm::kMerged),
                                          testing::Values(NormGains::kFolded,
                                                          NormGains::kFoldedTrained)),
                         name_of_case);

// R1 off turns everything that touches the stream; R2 and R4 turn only merged weights.
TEST(ChangeRotationsMoments, ResetTouchesTheTensorsThatTurnAndNoOthers) {
  for (const WeightForm form : {WeightForm::kMaster, WeightForm::kMerged}) {
    Fixture f(form);
    const auto before = get_parameters(f.cpu, f.state.v);
    change_rotations(f.cpu, kAfter, MomentPolicy::kReset, 2, f.network, f.state);
    const auto m = get_parameters(f.cpu, f.state.m), v = get_parameters(f.cpu, f.state.v);
    const auto zero = [](const std::vector<float>& x) {
      return std::ranges::all_of(x, [](float y) { return y == 0; });
    };
    const auto expected = [&](const std::string& name) {
      const bool bias = name.ends_with(".bias");
      const bool stream = name.find("norm") == std::string::npos &&
                          (!bias || name.find("o_proj") != std::string::npos ||
                           name.find("down") != std::string::npos);
      // Layer 1 gains R2.
      return stream ||
             (form == WeightForm::kMerged && name == "model.layers.1.self_attn.v_proj.bias");
    };
    const auto list = tensor_list(f.network.parameters);
    for (std::size_t t = 0; t < list.size(); ++t) {
      const bool gone = expected(list[t].name);
      EXPECT_EQ(f.state.moments_since[t], gone ? 2 : 0) << list[t].name;
      if (list[t].kind == TensorKind::kNormGain) continue;  // frozen: always zero
      EXPECT_EQ(zero(m[t]) && zero(v[t]), gone) << list[t].name;
      EXPECT_EQ(v[t] == before[t], !gone) << list[t].name;
    }
  }
}

// Bias correction counts afresh: the first step of reset moments is the learning rate long.
TEST(ChangeRotationsMoments, TheStepAfterAResetIsTheLearningRateLong) {
  Fixture f(WeightForm::kMaster);
  change_rotations(f.cpu, kAfter, MomentPolicy::kReset, 2, f.network, f.state);
  const auto before = test::values(f.network.parameters.layers[0].weight[Linear::kGate]);
  f.train(2, 3);
  const auto after = test::values(f.network.parameters.layers[0].weight[Linear::kGate]);
  const auto g = test::values(f.state.gradients.layers[0].weight[Linear::kGate]);
  int checked = 0;
  for (std::size_t i = 0; i < g.size(); ++i) {
    if (std::abs(g[i]) < 1e-3f) continue;  // clipped by less than 1e2: far above epsilon
    ++checked;
    const double moved = static_cast<double>(before[i]) - static_cast<double>(after[i]);
    ASSERT_NEAR(moved, std::copysign(1e-2, static_cast<double>(g[i])), 1e-5);
  }
  EXPECT_GT(checked, 100);
}

// Without their ages, a resumed run would correct the bias of moments that began anew as if they
// were as old as the run.
TEST(ChangeRotationsMoments, CK10_AgesSurviveACheckpoint) {
  Fixture f(WeightForm::kMaster), resumed(WeightForm::kMaster);
  change_rotations(f.cpu, kAfter, MomentPolicy::kReset, 2, f.network, f.state);
  const auto directory = std::filesystem::path(testing::TempDir()) / "ages_of_moments";
  std::filesystem::remove_all(directory);
  save_checkpoint(directory, {2, {}}, checkpoint_tensors(f.cpu, f.network, f.state).views());
  const auto found = find_newest_checkpoint(directory);
  ASSERT_TRUE(found);
  EXPECT_EQ(restore_checkpoint(resumed.cpu, *found, resumed.network, resumed.state), 2);
  EXPECT_GT(std::ranges::count(f.state.moments_since, 2), 0);
  EXPECT_EQ(resumed.state.moments_since, f.state.moments_since);
  std::filesystem::remove_all(directory);
}

TEST(ChangeRotationsMoments, RotateFirstTurnsMAndKeepsV) {
  Fixture f(WeightForm::kMerged);
  Network<Cpu> m = make_network(f.cpu, f.network.plan);
  set_parameters(f.cpu, get_parameters(f.cpu, f.state.m), m.parameters);
  turn_parameters(f.cpu, basis_change(f.network.plan.shape, WeightForm::kMerged, kBefore, kAfter),
                  m.parameters);
  const auto v = get_parameters(f.cpu, f.state.v), before = get_parameters(f.cpu, f.state.m);
  change_rotations(f.cpu, kAfter, MomentPolicy::kRotateFirst, 2, f.network, f.state);
  EXPECT_EQ(get_parameters(f.cpu, f.state.m), get_parameters(f.cpu, m.parameters));
  EXPECT_NE(get_parameters(f.cpu, f.state.m), before);
  EXPECT_EQ(get_parameters(f.cpu, f.state.v), v);
  EXPECT_EQ(f.state.moments_since, std::vector<std::int64_t>(v.size(), 0));
}

TEST(ChangeRotationsMoments, KeepKeepsAll) {
  Fixture f(WeightForm::kMerged);
  const auto m = get_parameters(f.cpu, f.state.m), v = get_parameters(f.cpu, f.state.v);
  change_rotations(f.cpu, kAfter, MomentPolicy::kKeep, 2, f.network, f.state);
  EXPECT_EQ(get_parameters(f.cpu, f.state.m), m);
  EXPECT_EQ(get_parameters(f.cpu, f.state.v), v);
}

// R1 stays: gains and everything of the stream are left alone to the bit.
TEST(ChangeRotationsMoments, OnlyR3ChangesNoStoredBit) {
  Fixture f(WeightForm::kMerged, NormGains::kFoldedTrained);
  const auto p = get_parameters(f.cpu, f.network.parameters), m = get_parameters(f.cpu, f.state.m);
  change_rotations(f.cpu, choice("1110", "1001"), MomentPolicy::kReset, 2, f.network, f.state);
  EXPECT_EQ(get_parameters(f.cpu, f.network.parameters), p);
  EXPECT_EQ(get_parameters(f.cpu, f.state.m), m);
  EXPECT_TRUE(f.network.plan.at(0).r3);
}

TEST(TrainedGains, StartAsOnesAreTrainedAndAreFoldedBeforeR1Turns) {
  Fixture frozen(WeightForm::kMaster), trained(WeightForm::kMaster, NormGains::kFoldedTrained);
  const auto is_one = [](float g) { return g == 1.0f; };
  const auto gains = [](Fixture& f) {
    return test::values(f.network.parameters.layers[1].mlp_norm);
  };
  EXPECT_TRUE(std::ranges::all_of(gains(frozen), is_one));
  EXPECT_FALSE(std::ranges::any_of(gains(trained), is_one));
  EXPECT_NE(logits(frozen.cpu, frozen.network), logits(trained.cpu, trained.network));
  Fixture kept(WeightForm::kMaster, NormGains::kFoldedTrained);
  for (Fixture* f : {&trained, &kept}) {
    const bool reset = f == &trained;
    change_rotations(f->cpu, kAfter, reset ? MomentPolicy::kReset : MomentPolicy::kKeep, 2,
                     f->network, f->state);
    EXPECT_TRUE(std::ranges::all_of(gains(*f), is_one));
    const auto m = test::values(f->state.m.layers[1].mlp_norm);
    EXPECT_EQ(std::ranges::all_of(m, [](float x) { return x == 0; }), reset);
    EXPECT_EQ(f->state.moments_since.front(), reset ? 2 : 0);
  }
  const auto reset_gains =
      trained.names([&](std::size_t t) { return trained.state.moments_since[t] == 2; });
  EXPECT_TRUE(reset_gains.contains("model.norm.weight"));
}

// Gains that were trained are part of the model: folding them again keeps the function.
TEST(TrainedGains, FoldAgainInTheBasisInWhichTheyWereTrained) {
  Fixture f(WeightForm::kMaster, NormGains::kFoldedTrained);
  const auto before = logits(f.cpu, f.network);
  fold_norms(f.cpu, f.network);
  update_effective_weights(f.cpu, f.network);
  EXPECT_EQ(f.network.plan.norm_gains, NormGains::kFolded);
  EXPECT_LT(relative_difference(logits(f.cpu, f.network), before), 1e-5);
}

}  // namespace
}  // namespace trainer
