// The objective of a model as it runs, for Fig. 3.
#include "reference_trainer/roste/measure_objective.h"

#include <gtest/gtest.h>

#include "reference_trainer/train/objective_trace.h"
#include "tests/model/rotated_networks.h"

namespace trainer {
namespace {

const RotationChoice kChoice = test::choice("1101", "1011");

struct Fixture {
  Cpu cpu{1};
  std::vector<SftSample> samples = test::tiny_samples(test::tiny_shape(), 6, 11);
  ErrorTable predicted = measure_errors<Cpu>(cpu, test::folded_network(cpu, 1), test::four_bits(),
                                             kChoice.seed, samples);
  ErrorTable in_force(WeightForm form) {
    return measure_errors_in_force<Cpu>(
        cpu, test::rotated_network(cpu, test::four_bits(), kChoice, form), samples);
  }
};

// Weights, and what no quantizer has touched before, are what the search saw at this choice; later
// inputs come from a quantized forward pass and differ.
TEST(MeasureErrorsInForce, AgreesWithTheSearchWhereNothingWasQuantizedBefore) {
  Fixture f;
  for (const WeightForm form : {WeightForm::kMaster, WeightForm::kMerged}) {
    const ErrorTable table = f.in_force(form);
    ASSERT_EQ(table.terms.size(), f.predicted.terms.size());
    for (std::size_t t = 0; t < table.terms.size(); ++t) {
      const ErrorTerm &now = table.terms[t], &then = f.predicted.terms[t];
      ASSERT_EQ(now.tensor, then.tensor);
      EXPECT_EQ(now.readers, then.readers);
      const bool untouched = now.tensor.ends_with("weight") || t == 0;
      const double expected = then.at(kChoice.layers[then.layer]).squared_error;
      const double measured = now.at(RotationMask()).squared_error;
      // As in SharedSearch.AllSixteenConfigurationsAgreeWithReallyMergedModels.
      if (untouched) {
        EXPECT_NEAR(measured, expected, 1e-4 * expected) << now.tensor;
        EXPECT_NEAR(now.at({}).squared_norm, then.at({}).squared_norm,
                    1e-5 * then.at({}).squared_norm);
      } else {
        EXPECT_GT(std::abs(measured - expected), 2e-4 * expected) << now.tensor;
        EXPECT_NEAR(measured, expected, 0.9 * expected) << now.tensor;
      }
    }
  }
}

TEST(MeasureObjective, SumsTheTermsOnBothScales) {
  Fixture f;
  const auto network =
      test::rotated_network(f.cpu, test::four_bits(), kChoice, WeightForm::kMaster);
  const ObjectiveValue value = measure_objective<Cpu>(f.cpu, network, f.samples);
  double absolute = 0, relative = 0;
  for (const ErrorTerm& term : f.in_force(WeightForm::kMaster).terms) {
    absolute += term.readers * term.by_mask[0].squared_error;
    relative += term.readers * term.by_mask[0].squared_error / term.by_mask[0].squared_norm;
  }
  EXPECT_DOUBLE_EQ(value.absolute, absolute);
  EXPECT_DOUBLE_EQ(value.relative, relative);
}

TEST(MeasureObjective, CountsOnlyWhatIsQuantized) {
  Fixture f;
  QuantConfig kv;
  kv.kv.bits = 4;
  const auto network = test::rotated_network(f.cpu, kv, kChoice, WeightForm::kMaster);
  for (const ErrorTerm& term : measure_errors_in_force<Cpu>(f.cpu, network, f.samples).terms) {
    const bool cached = term.tensor == "key" || term.tensor == "value";
    EXPECT_EQ(term.by_mask[0].squared_error > 0, cached) << term.tensor;
  }
  const auto plain = test::rotated_network(f.cpu, {}, kChoice, WeightForm::kMaster);
  EXPECT_EQ(measure_objective<Cpu>(f.cpu, plain, f.samples).absolute, 0);
  EXPECT_EQ(measure_objective<Cpu>(f.cpu, plain, f.samples).relative, 0);
}

// A mean over samples for activations; weights do not depend on their number.
TEST(MeasureObjective, SamplesAreAveraged) {
  Fixture f;
  const auto network =
      test::rotated_network(f.cpu, test::four_bits(), kChoice, WeightForm::kMaster);
  std::vector<SftSample> twice = f.samples;
  twice.insert(twice.end(), f.samples.begin(), f.samples.end());
  const double once = measure_objective<Cpu>(f.cpu, network, f.samples).absolute;
  EXPECT_NEAR(measure_objective<Cpu>(f.cpu, network, twice).absolute, once, 1e-9 * once);
}

TEST(ObjectiveTrace, FollowsTheRunAndChangesNoBitOfIt) {
  std::vector<HostParameters> ends;
  for (const std::int64_t every : {0, 2}) {
    Cpu cpu(1);
    auto network = test::rotated_network(cpu, test::four_bits(), kChoice, WeightForm::kMaster);
    TrainingState<Cpu> state(cpu, network);
    const auto calibration = test::tiny_samples(network.plan.shape, 4, 50);
    TrainSettings s;
    s.learning_rate = 1e-2;
    s.micro_batch = 4;
    s.max_steps = 5;
    ObjectiveTrace<Cpu> trace(cpu, network, calibration, 2);
    TrainingJob<Cpu> job{network, state, 0, {}, {}};
    if (every > 0) {
      trace.measure(0);
      job.observer = std::ref(trace);
    }
    run_training<Cpu>(cpu, s, test::tiny_samples(network.plan.shape, 12, 21), job);
    ends.push_back(get_parameters(cpu, network.parameters));
    if (every == 0) continue;
    std::vector<std::int64_t> steps;
    for (const ObjectivePoint& p : trace.points()) steps.push_back(p.steps_done);
    EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 2, 4}));
    EXPECT_NE(trace.points()[0].value.absolute, trace.points()[1].value.absolute);
    EXPECT_NE(trace.points()[1].value.relative, trace.points()[2].value.relative);
  }
  EXPECT_EQ(ends[0], ends[1]);
}

}  // namespace
}  // namespace trainer
