// Training with parameters in bfloat16, beside masters in float32 or alone.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "reference_trainer/train/training_run.h"
#include "tests/model/rotated_networks.h"

namespace trainer {
namespace {

TrainSettings settings(std::int64_t steps) {
  TrainSettings s;
  s.learning_rate = 5e-3;
  s.weight_decay = 0.01;
  s.micro_batch = 4;
  s.max_steps = steps;
  s.seed = 5;
  return s;
}

// W4A4KV4 under rotations, with gains that are trained: tensors of every kind change.
Network<Cpu> quantized_network(Cpu& cpu, EffectiveForm form = EffectiveForm::kStored) {
  Network<Cpu> network = test::folded_network(cpu, 1);
  network.effective_form = form;
  apply_plan(cpu, test::four_bits(), test::choice("1111", "1110"), network);
  network.plan.norm_gains = NormGains::kFoldedTrained;
  return network;
}

template <class State>
std::vector<double> losses_of(Cpu& cpu, Network<Cpu>& network, State& state, std::int64_t steps,
                              std::int64_t first = 0, const CheckpointPolicy& policy = {},
                              std::int64_t max_steps = 150) {
  std::vector<double> losses;
  const auto samples = test::tiny_samples(network.plan.shape, 12, 21);
  TrainingJob<Cpu, State> job{network, state, first, policy,
                              [&](const StepReport& r) { losses.push_back(r.loss); }};
  run_steps(cpu, settings(max_steps), samples, first + steps, job);
  return losses;
}

HostParameters widened(Cpu& cpu, Network<Cpu>& network) {
  widen_parameters(cpu, network);
  return get_parameters(cpu, network.parameters);
}

struct Result {
  std::vector<double> losses;
  HostParameters parameters;
  bool operator==(const Result&) const = default;
};

template <class State = TrainingState<Cpu>>
Result trained(Cpu& cpu, ParamDType dtype, MasterWeights masters, std::int64_t steps,
               EffectiveForm form = EffectiveForm::kStored) {
  Network<Cpu> network = quantized_network(cpu, form);
  State state(cpu, network);
  hold_parameters(cpu, dtype, masters, network, state);
  Result result;
  result.losses = losses_of(cpu, network, state, steps);
  result.parameters = widened(cpu, network);
  return result;
}

// network.parameters := the nearest bfloat16 of `masters`.
void read_rounded_copy(Cpu& cpu, Parameters<Cpu>& masters, Network<Cpu>& network) {
  const auto from = tensor_list(masters), to = tensor_list(network.parameters);
  for (std::size_t t = 0; t < from.size(); ++t) {
    for (std::int64_t i = 0; i < from[t].tensor->size(); ++i)
      to[t].tensor->data()[i] = float_of_bfloat16(nearest_bfloat16(from[t].tensor->data()[i]));
  }
  update_effective_weights(cpu, network);
}

// The definition: every step reads a rounded copy of float32 masters, which Adam updates; without
// masters, what it leaves is one of two neighbours by the draws of seed, step and tensor.
Result oracle(Cpu& cpu, MasterWeights kind, std::int64_t steps) {
  Network<Cpu> network = quantized_network(cpu);
  BFloat16s<Cpu> halves;
  Parameters<Cpu> masters = allocate_parameters(cpu, network.plan.shape);
  set_parameters(cpu, get_parameters(cpu, network.parameters), masters);
  if (kind == MasterWeights::kNone) {
    read_rounded_copy(cpu, masters, network);
    set_parameters(cpu, get_parameters(cpu, network.parameters), masters);
  }
  TrainingState<Cpu> state(cpu, network);
  Result result;
  const TrainSettings s = settings(150);
  const auto samples = test::tiny_samples(network.plan.shape, 12, 21);
  BatchPlan plan(SampleView(samples), batch_settings(s));
  const CrossEntropy entropy;
  for (std::int64_t step = 0; step < steps; ++step) {
    read_rounded_copy(cpu, masters, network);
    const auto batches = step_batches(SampleView(samples), plan, step);
    const LossSum loss =
        step_gradients(cpu, network, StepObjective<const CrossEntropy>{batches, entropy}, state);
    const StepReport report{step, loss.negative_log_likelihood / static_cast<double>(loss.targets),
                            gradient_norm(cpu, network.plan, state.gradients),
                            learning_rate_at(s, step), 0};
    result.losses.push_back(report.loss);
    AdamWStep adam = adam_step(s, report);
    adam.step = step + 1;
    const auto w = tensor_list(masters), g = tensor_list(state.gradients), m = tensor_list(state.m),
               v = tensor_list(state.v);
    for (std::size_t t = 0; t < w.size(); ++t) {
      adam.weight_decay = w[t].is_matrix() ? s.weight_decay : 0;
      adamw_update(cpu, adam, *g[t].tensor, {*m[t].tensor, *v[t].tensor}, *w[t].tensor);
      if (kind == MasterWeights::kFloat32) continue;
      round_stochastically(cpu, rounding_key(s.seed, step, t), *w[t].tensor, halves);
      widen(cpu, halves, *w[t].tensor);
    }
  }
  read_rounded_copy(cpu, masters, network);
  result.parameters = get_parameters(cpu, network.parameters);
  return result;
}

TEST(NarrowTraining, WithMastersIsTheRunThatReadsRoundedCopies) {
  Cpu cpu(2);
  const Result expected = oracle(cpu, MasterWeights::kFloat32, 8);
  for (const EffectiveForm form : {EffectiveForm::kStored, EffectiveForm::kCodes})
    EXPECT_EQ(trained(cpu, ParamDType::kBFloat16, MasterWeights::kFloat32, 8, form), expected);
  EXPECT_NE(trained(cpu, ParamDType::kFloat32, MasterWeights::kFloat32, 8), expected);
  EXPECT_NE(trained(cpu, ParamDType::kBFloat16, MasterWeights::kNone, 8), expected);
}

TEST(NarrowTraining, WithoutMastersIsTheRunThatDrawsNeighbours) {
  Cpu cpu(2);
  const Result expected = oracle(cpu, MasterWeights::kNone, 8);
  for (const EffectiveForm form : {EffectiveForm::kStored, EffectiveForm::kCodes})
    EXPECT_EQ(trained(cpu, ParamDType::kBFloat16, MasterWeights::kNone, 8, form), expected);
}

// Or errors would add up: a value would go to the same side at every step.
TEST(NarrowTraining, EverySeedStepAndTensorHasDrawsOfItsOwn) {
  std::set<std::uint64_t> keys;
  for (const std::uint64_t seed : {0, 1}) {
    for (const std::int64_t step : {0, 1, 2}) {
      for (const std::size_t tensor : {0, 1, 2}) keys.insert(rounding_key(seed, step, tensor));
    }
  }
  EXPECT_EQ(keys.size(), 18u);
}

// One step from the same values: what is held is a neighbour of what float32 would be, and on the
// whole as often above as below it.
TEST(NarrowTraining, WithoutMastersAStepEndsAtANeighbour) {
  Cpu cpu(1);
  Network<Cpu> network = quantized_network(cpu), wide = quantized_network(cpu);
  TrainingState<Cpu> state(cpu, network), wide_state(cpu, wide);
  hold_parameters(cpu, ParamDType::kBFloat16, MasterWeights::kNone, network, state);
  Parameters<Cpu> start = narrow_parameters(cpu, wide);
  widen_parameters(cpu, wide);
  losses_of(cpu, network, state, 1);
  losses_of(cpu, wide, wide_state, 1);
  const HostParameters got = widened(cpu, network), exact = get_parameters(cpu, wide.parameters);
  std::int64_t above = 0, below = 0;
  for (std::size_t t = 0; t < exact.size(); ++t) {
    for (std::size_t i = 0; i < exact[t].size(); ++i) {
      const float lower = float_of_bfloat16(stochastic_bfloat16(exact[t][i], 0));
      const float upper = float_of_bfloat16(stochastic_bfloat16(exact[t][i], 0xffff));
      ASSERT_TRUE(got[t][i] == lower || got[t][i] == upper) << t << " " << i;
      above += got[t][i] > exact[t][i];
      below += got[t][i] < exact[t][i];
    }
  }
  // Each is above or below with a probability of its own whose mean over lower halves is 1/2; sums
  // of n of them stray by at most sqrt(n)/2, and five of those are seen once in 10^6 seeds.
  const double n = static_cast<double>(above + below);
  EXPECT_GT(n, 10'000);
  EXPECT_NEAR(static_cast<double>(above), n / 2, 5 * std::sqrt(n) / 2);
}

TEST(NarrowTraining, LearnsAsFloat32Does) {
  Cpu cpu(1);
  const Result wide = trained(cpu, ParamDType::kFloat32, MasterWeights::kFloat32, 150),
               masters = trained(cpu, ParamDType::kBFloat16, MasterWeights::kFloat32, 150),
               alone = trained(cpu, ParamDType::kBFloat16, MasterWeights::kNone, 150);
  const double way = wide.losses.front() - wide.losses.back();
  EXPECT_LT(masters.losses.back() - wide.losses.back(), 0.1 * way);
  EXPECT_LT(alone.losses.back() - wide.losses.back(), 0.1 * way);
}

// Values of the parameters after 40 steps in full precision at a rate of 1e-4, some 2^-11 of the
// weights, from values that bfloat16 holds.
std::vector<double> after_small_steps(ParamDType dtype, std::int64_t steps) {
  Cpu cpu(1);
  Network<Cpu> network = test::folded_network(cpu, 1);
  narrow_parameters(cpu, network);
  widen_parameters(cpu, network);
  TrainingState<Cpu> state(cpu, network);
  hold_parameters(cpu, dtype, MasterWeights::kNone, network, state);
  TrainSettings s = settings(40);
  s.learning_rate = 1e-4;
  s.schedule = Schedule::kConstant;
  s.weight_decay = 0;
  const auto samples = test::tiny_samples(network.plan.shape, 12, 21);
  TrainingJob<Cpu> job{network, state};
  run_steps(cpu, s, samples, steps, job);
  std::vector<double> all;
  for (const auto& tensor : widened(cpu, network))
    all.insert(all.end(), tensor.begin(), tensor.end());
  return all;
}

// The way of float32 is gone as far, in its direction, by bfloat16 alone. Rounded to nearest it
// would be 0.11 of that.
TEST(NarrowTraining, SmallStepsAreNotLost) {
  const auto start = after_small_steps(ParamDType::kFloat32, 0),
             wide = after_small_steps(ParamDType::kFloat32, 40),
             alone = after_small_steps(ParamDType::kBFloat16, 40);
  double along = 0, length = 0;
  for (std::size_t i = 0; i < start.size(); ++i) {
    along += (alone[i] - start[i]) * (wide[i] - start[i]);
    length += (wide[i] - start[i]) * (wide[i] - start[i]);
  }
  EXPECT_NEAR(along / length, 1, 0.1);
}

TEST(NarrowTraining, CD01_ThreadsDoNotChangeBits) {
  for (const MasterWeights masters : {MasterWeights::kFloat32, MasterWeights::kNone}) {
    std::vector<Result> results;
    for (const int threads : {1, 2, 3}) {
      Cpu cpu(threads);
      results.push_back(trained(cpu, ParamDType::kBFloat16, masters, 4, EffectiveForm::kCodes));
    }
    EXPECT_EQ(results[1], results[0]);
    EXPECT_EQ(results[2], results[0]);
  }
}

// A run of eight steps, and one of four, another process's four.
template <class State>
void expect_resumes(MasterWeights masters, const std::string& name) {
  Cpu cpu(1);
  const auto directory = std::filesystem::path(testing::TempDir()) / name;
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  Network<Cpu> whole = quantized_network(cpu), half = quantized_network(cpu),
               rest = test::rotated_network(cpu, test::four_bits(), test::choice("1111", "1110"),
                                            WeightForm::kMaster);
  rest.plan.norm_gains = NormGains::kFoldedTrained;
  fill_zero(cpu, rest.parameters);
  State a(cpu, whole), b(cpu, half), c(cpu, rest);
  hold_parameters(cpu, ParamDType::kBFloat16, masters, whole, a);
  hold_parameters(cpu, ParamDType::kBFloat16, masters, half, b);
  hold_parameters(cpu, ParamDType::kBFloat16, masters, rest, c);
  const auto expected = losses_of(cpu, whole, a, 8);
  losses_of(cpu, half, b, 4, 0, {directory, 4, 2, {}});
  const auto found = find_newest_checkpoint(directory);
  ASSERT_TRUE(found);
  EXPECT_EQ(restore_checkpoint(cpu, *found, rest, c), 4);
  const auto got = losses_of(cpu, rest, c, 4, 4);
  EXPECT_EQ(got, std::vector<double>(expected.begin() + 4, expected.end())) << name;
  EXPECT_EQ(widened(cpu, rest), widened(cpu, whole)) << name;
  std::filesystem::remove_all(directory);
}

TEST(NarrowTraining, CK10_ResumesBitForBit) {
  expect_resumes<TrainingState<Cpu>>(MasterWeights::kFloat32, "narrow_masters");
  expect_resumes<TrainingState<Cpu>>(MasterWeights::kNone, "narrow_alone");
  expect_resumes<EightBitState<Cpu>>(MasterWeights::kNone, "narrow_eight_bits");
}

// Halves in the file, and nothing of float32 beside vectors that are made of them.
TEST(NarrowTraining, CheckpointsHoldWhatIsHeld) {
  Cpu cpu(1);
  Network<Cpu> network = quantized_network(cpu);
  TrainingState<Cpu> state(cpu, network);
  hold_parameters(cpu, ParamDType::kBFloat16, MasterWeights::kNone, network, state);
  const auto parameters = tensor_list(network.narrow).size();
  std::size_t halves = 0;
  const StoredTensors stored = checkpoint_tensors(cpu, network, state);
  for (const TensorView& view : stored.views()) {
    const bool is_parameter = view.name.starts_with("parameters.");
    EXPECT_EQ(view.dtype, is_parameter ? DType::kBF16 : DType::kF32) << view.name;
    halves += is_parameter;
  }
  EXPECT_EQ(halves, parameters);
  for (const auto& t : tensor_list(network.parameters))
    EXPECT_TRUE(t.tensor->empty() || !t.is_matrix()) << t.name;
}

TEST(NarrowTraining, RoundsThatTurnWeightsAreRefused) {
  Cpu cpu(1);
  Network<Cpu> network = quantized_network(cpu);
  TrainingState<Cpu> state(cpu, network);
  hold_parameters(cpu, ParamDType::kBFloat16, MasterWeights::kNone, network, state);
  EXPECT_THROW(unrotated_copy(cpu, network), std::invalid_argument);
}

}  // namespace
}  // namespace trainer
