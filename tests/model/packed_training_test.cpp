// A pack trains as its samples do one by one: attention, positions and loss know no neighbours.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "reference_trainer/train/training_run.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

struct Gradients {
  double loss = 0;
  HostParameters values;
};

Gradients gradients_of(const std::vector<TokenBatch>& batches) {
  Cpu cpu{1};
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 3);
  TrainingState<Cpu> state(cpu, network);
  const StepReport report = train_step<Cpu>(cpu, {}, 0, batches, network, state);
  return {report.loss, get_parameters(cpu, state.gradients)};
}

double distance(const HostParameters& a, const HostParameters& b) {
  double difference = 0, size = 0;
  for (std::size_t t = 0; t < a.size(); ++t) {
    for (std::size_t i = 0; i < a[t].size(); ++i) {
      difference += std::pow(static_cast<double>(a[t][i]) - b[t][i], 2);
      size += std::pow(static_cast<double>(b[t][i]), 2);
    }
  }
  return std::sqrt(difference / size);
}

// Sums over some hundred tokens in float, in another order: relative 1e-5 leaves a factor of ten.
TEST(PackedTraining, LossAndGradientsAreThoseOfTheSamplesOneByOne) {
  const auto samples = test::tiny_samples(test::tiny_shape(), 20, 21);
  TrainSettings settings;
  settings.batching = Batching::kPacked;
  settings.pack_length = 40;
  settings.micro_batch = 2;
  BatchPlan plan(samples, batch_settings(settings));
  std::vector<TokenBatch> apart;
  const auto packs = plan.micro_batches(0);
  for (const std::int64_t i : packs.at(0)) {
    const SftSample* sample = &samples[static_cast<std::size_t>(i)];
    apart.push_back(make_batch({&sample, 1}));
  }
  ASSERT_GE(apart.size(), 4u);
  const Gradients packed = gradients_of(step_batches(samples, plan, 0));
  const Gradients alone = gradients_of(apart);
  EXPECT_NEAR(packed.loss, alone.loss, 1e-6 * alone.loss);
  EXPECT_LT(distance(packed.values, alone.values), 1e-5);

  // One sequence of the same tokens is something else.
  TokenBatch joined = step_batches(samples, plan, 0).at(0);
  joined.begin = {0, static_cast<std::int64_t>(joined.tokens.size())};
  for (std::size_t t = 0; t < joined.positions.size(); ++t)
    joined.positions[t] = static_cast<std::int32_t>(t);
  EXPECT_GT(distance(gradients_of({joined}).values, alone.values), 1e-3);
}

// Checkpoints and keys of studies do not change where nothing was asked for.
TEST(PackedTraining, SettingsSayOnlyWhatIsNotUsual) {
  TrainSettings settings;
  settings.pack_length = 64;
  EXPECT_FALSE(to_json(settings).contains("pack_length"));
  EXPECT_FALSE(to_json(settings).contains("group_by_length"));
  settings.batching = Batching::kPacked;
  EXPECT_EQ(to_json(settings)["pack_length"], 64);
  settings.batching = Batching::kGroupedByLength;
  EXPECT_EQ(to_json(settings)["group_by_length"], true);
}

}  // namespace
}  // namespace trainer
