// One optimizer step, quantity by quantity: norm, clipping, decay, bias correction, report.
#include <gtest/gtest.h>

#include <algorithm>

#include "reference_trainer/roste/merge_rotations.h"
#include "reference_trainer/train/training_run.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

std::vector<TokenBatch> batches_of(const std::vector<SftSample>& samples,
                                   const TrainSettings& settings, std::int64_t step) {
  BatchPlan plan(samples, batch_settings(settings));
  return step_batches(samples, plan, step);
}

TrainSettings one_step() {
  TrainSettings s;
  s.learning_rate = 1e-3;
  s.max_grad_norm = 0;
  s.micro_batch = 2;
  s.accumulation = 3;
  s.max_steps = 4;
  return s;
}

enum class Gains { kSeparate, kFolded };

// A network before and after step 0, and what the optimizer saw.
struct Step {
  Cpu cpu{1};
  Network<Cpu> network;
  HostParameters before, after, gradients, first_moments;
  StepReport report;

  Step(const TrainSettings& settings, Gains gains)
      : network(test::tiny_network(cpu, test::tiny_shape(), 3)) {
    if (gains == Gains::kFolded) fold_norms(cpu, network);
    before = get_parameters(cpu, network.parameters);
    const auto samples = test::tiny_samples(network.plan.shape, 20, 21);
    TrainingState<Cpu> state(cpu, network);
    report = train_step<Cpu>(cpu, settings, 0, batches_of(samples, settings, 0), network, state);
    after = get_parameters(cpu, network.parameters);
    gradients = get_parameters(cpu, state.gradients);
    first_moments = get_parameters(cpu, state.m);
  }

  std::vector<NamedTensor<Cpu>> list() { return tensor_list(network.parameters); }

  // sqrt of the sum of squares over matrices and biases, and over gains if they are trained.
  double norm(const HostParameters& values, Gains gains) {
    double sum = 0;
    const auto tensors = list();
    for (std::size_t t = 0; t < tensors.size(); ++t) {
      if (gains == Gains::kFolded && tensors[t].kind == TensorKind::kNormGain) continue;
      for (const float g : values[t]) sum += static_cast<double>(g) * static_cast<double>(g);
    }
    return std::sqrt(sum);
  }
};

TEST(TrainStep, TheNormIsThatOfTrainedTensors) {
  for (const Gains gains : {Gains::kSeparate, Gains::kFolded}) {
    Step step(one_step(), gains);
    // Sums of 10^4 squares in float or double: far below 1e-5.
    EXPECT_NEAR(step.report.gradient_norm, step.norm(step.gradients, gains),
                1e-5 * step.report.gradient_norm);
  }
  Step folded(one_step(), Gains::kFolded);
  EXPECT_GT(folded.norm(folded.gradients, Gains::kSeparate), 1.001 * folded.report.gradient_norm);
}

TEST(TrainStep, GainsAreTrainedUnlessFolded) {
  for (const Gains gains : {Gains::kSeparate, Gains::kFolded}) {
    Step step(one_step(), gains);
    const auto tensors = step.list();
    for (std::size_t t = 0; t < tensors.size(); ++t) {
      const bool frozen = gains == Gains::kFolded && tensors[t].kind == TensorKind::kNormGain;
      EXPECT_EQ(step.after[t] == step.before[t], frozen) << tensors[t].name;
    }
  }
}

// After the first step m = (1 - beta1) g, with g as the optimizer saw it: clipped or not.
TEST(TrainStep, LargeGradientsAreScaledToTheLargestNormAndSmallOnesStay) {
  const double norm = Step(one_step(), Gains::kSeparate).report.gradient_norm;
  for (const double share : {0.1, 0.5, 2.0, 0.0}) {
    TrainSettings s = one_step();
    s.max_grad_norm = share * norm;
    Step step(s, Gains::kSeparate);
    const double seen = step.norm(step.first_moments, Gains::kSeparate) / (1 - s.adam_beta1);
    const double expected = share == 0 ? norm : std::min(share, 1.0) * norm;
    EXPECT_NEAR(seen, expected, 1e-5 * norm) << share;
    EXPECT_DOUBLE_EQ(step.report.gradient_norm, norm);
  }
}

// Decoupled decay takes lr * decay * w from matrices and nothing from biases and gains.
TEST(TrainStep, OnlyMatricesDecay) {
  TrainSettings s = one_step();
  s.weight_decay = 0.25;
  Step plain(one_step(), Gains::kSeparate), decayed(s, Gains::kSeparate);
  const auto tensors = plain.list();
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    EXPECT_EQ(plain.after[t] == decayed.after[t], !tensors[t].is_matrix()) << tensors[t].name;
    const double share = tensors[t].is_matrix() ? s.learning_rate * s.weight_decay : 0;
    for (std::size_t i = 0; i < plain.after[t].size(); ++i) {
      const double w = static_cast<double>(plain.before[t][i]);
      // Two roundings of a weight below 4: 2^-22 each.
      ASSERT_NEAR(static_cast<double>(plain.after[t][i]) - static_cast<double>(decayed.after[t][i]),
                  share * w, 0x1p-21)
          << tensors[t].name;
    }
  }
}

// Bias correction makes the first step lr * g / (|g| + epsilon), eq. of Kingma and Ba.
TEST(TrainStep, TheFirstStepIsTheLearningRateLong) {
  Step step(one_step(), Gains::kSeparate);
  int checked = 0;
  for (std::size_t t = 0; t < step.after.size(); ++t) {
    for (std::size_t i = 0; i < step.after[t].size(); ++i) {
      const double g = static_cast<double>(step.gradients[t][i]);
      if (std::abs(g) < 1e-4) continue;  // 1e4 times epsilon
      ++checked;
      const double moved =
          static_cast<double>(step.before[t][i]) - static_cast<double>(step.after[t][i]);
      ASSERT_NEAR(moved, std::copysign(1e-3, g), 1e-6);
    }
  }
  EXPECT_GT(checked, 1000);
}

TEST(TrainStep, TheReportIsOfThisStepAndAllItsTokens) {
  TrainSettings s = one_step();
  s.warmup_ratio = 0.5;
  Cpu cpu(1);
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 3);
  const auto samples = test::tiny_samples(network.plan.shape, 20, 21);
  TrainingState<Cpu> state(cpu, network);
  std::vector<std::int64_t> steps;
  const auto check = [&](const StepReport& r) {
    std::int64_t tokens = 0;
    for (const TokenBatch& b : batches_of(samples, s, r.step))
      tokens += static_cast<std::int64_t>(b.tokens.size());
    EXPECT_EQ(r.tokens, tokens);
    EXPECT_EQ(r.learning_rate, learning_rate_at(s, r.step));
    steps.push_back(r.step);
  };
  TrainingJob<Cpu> job{network, state, 0, {}, check};
  run_training<Cpu>(cpu, s, samples, job);
  EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 1, 2, 3}));
}

// All sequences of one epoch, in the order of its steps and micro-batches.
std::vector<std::vector<std::int32_t>> epoch_rows(const std::vector<SftSample>& samples,
                                                  const TrainSettings& settings) {
  std::vector<std::vector<std::int32_t>> rows;
  for (std::int64_t step = 0; step < 4; ++step) {
    for (const TokenBatch& b : batches_of(samples, settings, step)) {
      for (std::size_t s = 0; s + 1 < b.begin.size(); ++s)
        rows.emplace_back(b.tokens.begin() + b.begin[s], b.tokens.begin() + b.begin[s + 1]);
    }
  }
  return rows;
}

TEST(StepBatches, AnEpochShowsEverySampleOnceInTheSeedsOrder) {
  const auto samples = test::tiny_samples(test::tiny_shape(), 24, 21);
  TrainSettings s = one_step();
  s.seed = 1;
  auto first = epoch_rows(samples, s);
  s.seed = 2;
  auto second = epoch_rows(samples, s);
  EXPECT_NE(first, second);
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  EXPECT_EQ(first, second);
  EXPECT_EQ(std::unique(first.begin(), first.end()), first.end());
  EXPECT_EQ(first.size(), samples.size());
}

// Of 5 steps: before the first, after 2 and 4, and after the last.
TEST(RunTraining, CheckpointsComeEverySaveStepsAndAtBothEnds) {
  const std::filesystem::path dir = std::filesystem::path(testing::TempDir()) / "roste-save-steps";
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir);
  TrainSettings s = one_step();
  s.max_steps = 5;
  Cpu cpu(1);
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 3);
  TrainingState<Cpu> state(cpu, network);
  const auto samples = test::tiny_samples(network.plan.shape, 20, 21);
  TrainingJob<Cpu> job{network, state, 0, {dir, 2, 100, to_json(s)}, {}};
  run_training<Cpu>(cpu, s, samples, job);
  const auto entries = std::filesystem::directory_iterator(dir / "checkpoints");
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 4);
  const auto newest = find_newest_checkpoint(dir);
  EXPECT_EQ(newest ? newest->info.step : -1, 5);
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace trainer
