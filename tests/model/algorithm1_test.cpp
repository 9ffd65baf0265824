// Algorithm 1: rounds of search and training, one schedule, resumed from anywhere.
#include "reference_trainer/train/algorithm1.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "reference_trainer/base/error.h"
#include "tests/model/rotated_networks.h"

namespace trainer {
namespace {

TrainSettings training() {
  TrainSettings s;
  s.learning_rate = 5e-3;
  s.micro_batch = 3;
  s.accumulation = 2;
  s.max_steps = 7;
  return s;
}

Algorithm1Settings one_round() {
  Algorithm1Settings s;
  s.quant = test::four_bits();
  s.rotation_seed = 9;
  return s;
}

// Three rounds that start from a choice that nobody would search for.
Algorithm1Settings three_rounds() {
  Algorithm1Settings s = one_round();
  s.rounds = 3;
  s.search.mode = SearchMode::kPerLayer;
  s.weights = WeightForm::kMerged;
  s.first_round = FirstRound::kInForce;
  return s;
}
const RotationChoice kWrong = test::choice("0110", "0001");

struct Outcome {
  Algorithm1Result result;
  HostParameters parameters;
  std::vector<double> losses, learning_rates;
};

struct Samples {
  std::vector<SftSample> training = test::tiny_samples(test::tiny_shape(), 20, 21);
  std::vector<SftSample> calibration = test::tiny_samples(test::tiny_shape(), 4, 50);
};

// A run from its start, or from the newest checkpoint of `policy`. stop: the step after which the
// process dies.
Outcome run(Cpu& cpu, const Algorithm1Settings& settings, const CheckpointPolicy& policy = {},
            std::int64_t stop = -1) {
  const Samples samples;
  Algorithm1Settings s = settings;
  Network<Cpu> network = test::folded_network(cpu, 3);
  TrainingState<Cpu> state(cpu, network);
  Outcome out;
  struct Died {};
  TrainingJob<Cpu> job{network, state, 0, policy, [&](const StepReport& r) {
                         out.losses.push_back(r.loss);
                         out.learning_rates.push_back(r.learning_rate);
                         if (r.step == stop) throw Died{};
                       }};
  const auto found =
      policy.output_dir.empty() ? std::nullopt : find_newest_checkpoint(policy.output_dir);
  if (found) {
    s.first_round = FirstRound::kInForce;
    const RotationChoice saved = rotation_choice_from_json(
        network.plan.shape, found->info.settings.at("rotation"), "/rotation");
    apply_plan(cpu, s.quant, saved, s.weights, network);
    network.plan.norm_gains = s.norm_gains;
    job.checkpoints.settings["rotation"] = to_json(saved);
    job.first_step = restore_checkpoint(cpu, *found, network, state);
  } else if (s.first_round == FirstRound::kInForce) {
    apply_plan(cpu, s.quant, kWrong, s.weights, network);
    network.plan.norm_gains = s.norm_gains;
    job.checkpoints.settings["rotation"] = to_json(kWrong);
  }
  try {
    out.result =
        run_algorithm1<Cpu>(cpu, s, training(), {samples.training, samples.calibration}, job);
  } catch (const Died&) {
  }
  out.parameters = get_parameters(cpu, network.parameters);
  return out;
}

TEST(Algorithm1, OneRoundIsTheSearchThePlanAndTheTraining) {
  Cpu cpu(1);
  const Samples samples;
  Network<Cpu> network = test::folded_network(cpu, 3);
  const ErrorTable table =
      measure_errors<Cpu>(cpu, network, test::four_bits(), 9, samples.calibration);
  const SharedSearch search = search_shared(table);
  apply_plan(cpu, test::four_bits(), RotationChoice::shared(search.best, network.plan.shape, 9),
             network);
  TrainingState<Cpu> state(cpu, network);
  std::vector<double> losses;
  TrainingJob<Cpu> job{
      network, state, 0, {}, [&](const StepReport& r) { losses.push_back(r.loss); }};
  run_training<Cpu>(cpu, training(), samples.training, job);

  const Outcome whole = run(cpu, one_round());
  EXPECT_EQ(whole.losses, losses);
  EXPECT_EQ(whole.parameters, get_parameters(cpu, network.parameters));
  ASSERT_EQ(whole.result.rounds.size(), 1u);
  const Algorithm1Round& round = whole.result.rounds[0];
  EXPECT_EQ(round.choice.layers[1], search.best);
  EXPECT_EQ(round.before, search.objectives[0]);
  EXPECT_EQ(round.after, search.objectives[search.best.bits()]);
  EXPECT_EQ(round.losses, losses);
  EXPECT_NE(search.best.bits(), 0u);
}

TEST(Algorithm1, GainsAreTrainedWhereTheSettingsSaySo) {
  Cpu cpu(1);
  Algorithm1Settings s = one_round();
  const Outcome frozen = run(cpu, s);
  s.norm_gains = NormGains::kFoldedTrained;
  const Outcome trained = run(cpu, s);
  Parameters<NoMemory> layout = parameter_layout(test::folded_network(cpu, 3).plan.shape);
  const auto list = tensor_list(layout);
  for (std::size_t t = 0; t < list.size(); ++t) {
    if (list[t].kind != TensorKind::kNormGain) continue;
    const std::vector<float> ones(trained.parameters[t].size(), 1.0f);
    EXPECT_EQ(frozen.parameters[t], ones);
    EXPECT_NE(trained.parameters[t], ones);
  }
}

TEST(Algorithm1, RoundsSearchAgainAndLowerTheObjective) {
  Cpu cpu(1);
  for (const SearchMode mode : {SearchMode::kShared, SearchMode::kPerLayer, SearchMode::kGreedy}) {
    Algorithm1Settings s = three_rounds();
    s.search.mode = mode;
    const Outcome out = run(cpu, s);
    ASSERT_EQ(out.result.rounds.size(), 3u);
    const Algorithm1Round& first = out.result.rounds[0];
    EXPECT_EQ(first.choice.layers, kWrong.layers);
    EXPECT_TRUE(first.table.terms.empty());
    for (std::size_t k = 1; k < 3; ++k) {
      const Algorithm1Round& round = out.result.rounds[k];
      EXPECT_EQ(round.before, objective(round.table, out.result.rounds[k - 1].choice.layers));
      EXPECT_EQ(round.after, objective(round.table, round.choice.layers));
      EXPECT_LE(round.after, round.before);
    }
    EXPECT_NE(out.result.rounds[1].choice.layers, kWrong.layers);
    EXPECT_LT(out.result.rounds[1].after, 0.95 * out.result.rounds[1].before);
  }
}

// 7 steps in 3 rounds are 2 + 2 + 3; one cosine over all of them.
TEST(Algorithm1, OneScheduleCoversAllRounds) {
  Cpu cpu(1);
  const Outcome out = run(cpu, three_rounds());
  std::vector<double> expected;
  for (std::int64_t step = 0; step < 7; ++step)
    expected.push_back(learning_rate_at(training(), step));
  EXPECT_EQ(out.learning_rates, expected);
  std::vector<double> joined;
  std::vector<std::int64_t> first_steps;
  for (const Algorithm1Round& round : out.result.rounds) {
    joined.insert(joined.end(), round.losses.begin(), round.losses.end());
    first_steps.push_back(round.first_step);
  }
  EXPECT_EQ(joined, out.losses);
  EXPECT_EQ(first_steps, (std::vector<std::int64_t>{0, 2, 4}));
}

TEST(Algorithm1, ThreadsDoNotChangeABit) {
  Cpu one(1), two(2), three(3);
  const Outcome a = run(one, three_rounds()), b = run(two, three_rounds()),
                c = run(three, three_rounds());
  EXPECT_EQ(a.parameters, b.parameters);
  EXPECT_EQ(a.parameters, c.parameters);
  EXPECT_EQ(a.result.rounds[2].after, b.result.rounds[2].after);
}

class Algorithm1Resume : public testing::TestWithParam<MomentPolicy> {};

TEST_P(Algorithm1Resume, AtEveryStepIsBitEqual) {
  Cpu cpu(1);
  const std::filesystem::path dir =
      std::filesystem::path(testing::TempDir()) / ("rounds-" + std::string(name_of(GetParam())));
  Algorithm1Settings s = three_rounds();
  s.moments = GetParam();
  s.norm_gains = NormGains::kFoldedTrained;
  const Outcome whole = run(cpu, s);
  // Observers throw before the checkpoint of their step: stop 0 leaves that of step 0.
  for (std::int64_t stop = 0; stop < training().max_steps; ++stop) {
    std::filesystem::remove_all(dir);
    std::filesystem::create_directories(dir);
    const CheckpointPolicy policy{dir, 1, 2, {}};
    run(cpu, s, policy, stop);
    const Outcome rest = run(cpu, s, policy);
    EXPECT_EQ(rest.parameters, whole.parameters) << "stopped in step " << stop;
    EXPECT_EQ(rest.result.rounds.back().choice.layers, whole.result.rounds.back().choice.layers);
    EXPECT_EQ(static_cast<std::int64_t>(rest.losses.size()), training().max_steps - stop);
  }
  std::filesystem::remove_all(dir);
}

INSTANTIATE_TEST_SUITE_P(Policies, Algorithm1Resume,
                         testing::Values(MomentPolicy::kReset, MomentPolicy::kRotateFirst,
                                         MomentPolicy::kKeep),
                         [](const auto& policy) { return std::string(name_of(policy.param)); });

TEST(Algorithm1, MomentPoliciesAreDifferentTrainers) {
  Cpu cpu(1);
  std::vector<HostParameters> ends;
  for (const MomentPolicy policy :
       {MomentPolicy::kReset, MomentPolicy::kRotateFirst, MomentPolicy::kKeep}) {
    Algorithm1Settings s = three_rounds();
    s.moments = policy;
    ends.push_back(run(cpu, s).parameters);
  }
  EXPECT_NE(ends[0], ends[1]);
  EXPECT_NE(ends[0], ends[2]);
  EXPECT_NE(ends[1], ends[2]);
}

TEST(Algorithm1, RoundsWithoutAStepAreRefused) {
  Cpu cpu(1);
  for (const std::int64_t rounds : {0, 8}) {
    Algorithm1Settings s = one_round();
    s.rounds = rounds;
    try {
      run(cpu, s);
      FAIL() << rounds;
    } catch (const Error& e) {
      EXPECT_EQ(e.parts().code, "TR-02");
      EXPECT_EQ(e.parts().got, std::to_string(rounds));
    }
  }
  EXPECT_NO_THROW(check_rounds(7, 7));
}

}  // namespace
}  // namespace trainer
