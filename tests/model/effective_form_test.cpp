// Effective weights as codes decide about memory and time, never about a weight or a loss.
#include <gtest/gtest.h>

#include "reference_trainer/train/change_rotations.h"
#include "reference_trainer/train/training_run.h"
#include "tests/model/rotated_networks.h"

namespace trainer {
namespace {

struct Case {
  const char* name;
  int weight, activation;
  Range range = Range::kZeroIncluded;
  WeightForm weights = WeightForm::kMaster;
  Keep keep = Keep::kEveryLayer;
};

// Codes that are multiplied; codes that are not; and weights without any.
constexpr Case kCases[] = {
    {"W4A4", 4, 4},
    {"W3A3 from codes", 3, 3, Range::kZeroIncluded, WeightForm::kMaster, Keep::kCodes},
    {"W8A4 from inputs", 8, 4, Range::kZeroIncluded, WeightForm::kMaster, Keep::kInputs},
    {"W4A4 merged", 4, 4, Range::kZeroIncluded, WeightForm::kMerged},
    {"W4A16", 4, 16},
    {"W3A16", 3, 16},
    {"W4A4 tight", 4, 4, Range::kTight},
    {"W16A4", 16, 4},
    {"W16A16", 16, 16}};

QuantConfig quantizers(const Case& c) {
  QuantConfig quant;
  quant.weight = {c.weight, Symmetry::kAsymmetric, c.range, 1.0f};
  quant.activation = {c.activation, Symmetry::kAsymmetric, c.range, 1.0f};
  return quant;
}

struct Result {
  std::vector<double> losses;
  HostParameters parameters;
  bool operator==(const Result&) const = default;
};

Network<Cpu> network_of(Cpu& cpu, const Case& c, EffectiveForm form) {
  Network<Cpu> network = test::folded_network(cpu, 1);
  network.effective_form = form;
  apply_plan(cpu, quantizers(c), test::choice("1111", "1101"), c.weights, network);
  return network;
}

// Six steps, with other rotations after the third.
Result trained(const Case& c, EffectiveForm form, int threads) {
  Cpu cpu(threads);
  Network<Cpu> network = network_of(cpu, c, form);
  TrainingState<Cpu> state(cpu, network, c.keep);
  Result result;
  TrainSettings settings;
  settings.learning_rate = 5e-3;
  settings.micro_batch = 4;
  settings.max_steps = 6;
  const auto samples = test::tiny_samples(network.plan.shape, 12, 21);
  TrainingJob<Cpu> job{
      network, state, 0, {}, [&](const StepReport& r) { result.losses.push_back(r.loss); }};
  run_steps(cpu, settings, samples, 3, job);
  change_rotations(cpu, test::choice("0110", "0011"), MomentPolicy::kReset, 3, network, state);
  job.first_step = 3;
  run_steps(cpu, settings, samples, 6, job);
  result.parameters = get_parameters(cpu, network.parameters);
  return result;
}

TEST(EffectiveForm, CodesTrainToTheSameBits) {
  for (const Case& c : kCases)
    EXPECT_EQ(trained(c, EffectiveForm::kCodes, 2), trained(c, EffectiveForm::kStored, 2))
        << c.name;
}

TEST(EffectiveForm, CD01_ThreadsDoNotChangeBits) {
  const Result one = trained(kCases[0], EffectiveForm::kCodes, 1);
  EXPECT_EQ(trained(kCases[0], EffectiveForm::kCodes, 3), one);
}

TEST(EffectiveForm, CodesTakeNoMemoryForValues) {
  Cpu cpu(1);
  for (const Case& c : kCases) {
    const Network<Cpu> network = network_of(cpu, c, EffectiveForm::kCodes);
    for (const EffectiveLayer<Cpu>& layer : network.effective) {
      for (const Linear l : linears_of(network.plan.shape)) {
        EXPECT_TRUE(layer.weight[l].empty()) << c.name;
        EXPECT_EQ(layer.coded[l].empty(), !network.plan.multiplies_codes()) << c.name;
        const bool packed = c.weight < 16 && !network.plan.multiplies_codes();
        EXPECT_EQ(layer.packed[l].codes.empty(), !packed) << c.name;
      }
    }
  }
}

// Full precision without rotations has nothing to make.
TEST(EffectiveForm, AnUntouchedWeightIsTheParameter) {
  Cpu cpu(1);
  for (const EffectiveForm form : {EffectiveForm::kStored, EffectiveForm::kCodes}) {
    Network<Cpu> network = test::folded_network(cpu, 1);
    network.effective_form = form;
    apply_plan(cpu, {}, test::choice("1010", "1000"), network);
    Tensor<Cpu> made;
    for (const Linear l : linears_of(network.plan.shape))
      EXPECT_EQ(&effective_weight(cpu, network, 1, l, made),
                &network.parameters.layers[1].weight[l]);
  }
}

}  // namespace
}  // namespace trainer
