// Training: it learns, it is deterministic, it resumes bit for bit.
#include <gtest/gtest.h>

#include <filesystem>

#include "reference_trainer/roste/merge_rotations.h"
#include "reference_trainer/train/training_run.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

QuantConfig four_bits() {
  QuantConfig quant;
  quant.weight.bits = quant.activation.bits = quant.kv.bits = 4;
  return quant;
}

TrainSettings settings() {
  TrainSettings s;
  s.learning_rate = 5e-3;
  s.weight_decay = 0.01;
  s.micro_batch = 3;
  s.accumulation = 2;
  s.max_steps = 8;
  return s;
}

// A folded network under all four rotations and 4-bit quantizers.
Network<Cpu> roste_network(Cpu& cpu) {
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 3);
  fold_norms(cpu, network);
  apply_plan(cpu, four_bits(), RotationChoice::shared(RotationMask(15), network.plan.shape, 4),
             network);
  return network;
}

struct Outcome {
  std::vector<double> losses;
  HostParameters parameters;
  bool operator==(const Outcome&) const = default;
};

Outcome train(Cpu& cpu, Network<Cpu>& network, const TrainSettings& s,
              const CheckpointPolicy& policy = {}) {
  const auto samples = test::tiny_samples(network.plan.shape, 20, 21);
  TrainingState<Cpu> state(cpu, network);
  std::int64_t first = 0;
  if (!policy.output_dir.empty()) {
    if (const auto found = find_newest_checkpoint(policy.output_dir))
      first = restore_checkpoint(cpu, *found, network, state);
  }
  Outcome outcome;
  TrainingJob<Cpu> job{network, state, first, policy,
                       [&](const StepReport& r) { outcome.losses.push_back(r.loss); }};
  run_training<Cpu>(cpu, s, samples, job);
  outcome.parameters = get_parameters(cpu, network.parameters);
  return outcome;
}

TEST(Training, QuantizedLossFalls) {
  Cpu cpu(1);
  Network<Cpu> network = roste_network(cpu);
  TrainSettings s = settings();
  s.max_steps = 150;
  const Outcome outcome = train(cpu, network, s);
  EXPECT_LT(outcome.losses.back(), 0.7 * outcome.losses.front()) << outcome.losses.front();
}

TEST(Training, OneAndTwoThreadsGiveTheSameBits) {
  Cpu one(1), two(2), three(3);
  Network<Cpu> a = roste_network(one), b = roste_network(two), c = roste_network(three);
  const Outcome first = train(one, a, settings());
  EXPECT_EQ(first, train(two, b, settings()));
  EXPECT_EQ(first, train(three, c, settings()));
}

TEST(Training, FoldedNormGainsStayOnes) {
  Cpu cpu(1);
  Network<Cpu> network = roste_network(cpu);
  train(cpu, network, settings());
  for (const float g : test::values(network.parameters.final_norm)) EXPECT_EQ(g, 1.0);
}

// 6 samples as 1 x 6 or 2 x 3 or 6 x 1: the same divisor, so the same gradient up to rounding.
TEST(Training, CD07_AccumulationDoesNotChangeTheStep) {
  std::vector<HostParameters> results;
  std::vector<double> losses;
  for (const std::int64_t micro : {6, 3, 1}) {
    Cpu cpu(1);
    Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 3);
    TrainSettings s = settings();
    s.micro_batch = micro;
    s.accumulation = 6 / micro;
    s.max_steps = 1;
    const Outcome outcome = train(cpu, network, s);
    results.push_back(outcome.parameters);
    losses.push_back(outcome.losses[0]);
  }
  // One Adam step moves a weight by at most the learning rate; equal gradients move it equally.
  for (std::size_t k = 1; k < results.size(); ++k) {
    EXPECT_NEAR(losses[k], losses[0], 1e-6 * losses[0]);
    double far = 0;
    for (std::size_t t = 0; t < results[0].size(); ++t) {
      for (std::size_t i = 0; i < results[0][t].size(); ++i) {
        far += static_cast<double>(std::abs(results[k][t][i] - results[0][t][i])) >
               0.01 * settings().learning_rate;
      }
    }
    EXPECT_LE(far, 5);  // gradients near zero may change sign by rounding
  }
}

class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::string& name)
      : path_(std::filesystem::path(testing::TempDir()) / name) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(Training, CK10_ResumeAtEveryStepIsBitEqual) {
  Cpu cpu(1);
  Network<Cpu> whole = roste_network(cpu);
  const Outcome undisturbed = train(cpu, whole, settings());
  for (std::int64_t stop = 1; stop < settings().max_steps; ++stop) {
    const TemporaryDirectory dir("resume" + std::to_string(stop));
    const CheckpointPolicy policy{dir.path(), 1, 2, to_json(settings())};
    Network<Cpu> first = roste_network(cpu);
    TrainingState<Cpu> state(cpu, first);
    const auto samples = test::tiny_samples(first.plan.shape, 20, 21);
    struct Stopped {};
    TrainingJob<Cpu> job{first, state, 0, policy, [&](const StepReport& r) {
                           if (r.step == stop) throw Stopped{};
                         }};
    EXPECT_THROW((run_training<Cpu>(cpu, settings(), samples, job)), Stopped);
    Network<Cpu> resumed = roste_network(cpu);
    const Outcome rest = train(cpu, resumed, settings(), policy);
    EXPECT_EQ(rest.losses.size(), static_cast<std::size_t>(settings().max_steps - stop));
    EXPECT_EQ(rest.parameters, undisturbed.parameters) << "stopped after step " << stop;
  }
}

TEST(Training, CK16_NonFiniteLossStopsBeforeTheUpdate) {
  Cpu cpu(1);
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 3);
  network.parameters.final_norm.data()[0] = std::numeric_limits<float>::infinity();
  const HostParameters before = get_parameters(cpu, network.parameters);
  try {
    train(cpu, network, settings());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.exit_code(), ExitCode::kNumerics);
    EXPECT_EQ(e.parts().code, "TR-01");
  }
  EXPECT_EQ(get_parameters(cpu, network.parameters), before);
}

TEST(LearningRate, WarmsUpAndDecays) {
  TrainSettings s;
  s.learning_rate = 1;
  s.max_steps = 10;
  s.warmup_ratio = 0.2;
  EXPECT_DOUBLE_EQ(learning_rate_at(s, 0), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate_at(s, 1), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate_at(s, 2), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate_at(s, 6), 0.5);  // cosine, half way
  s.schedule = Schedule::kLinear;
  EXPECT_DOUBLE_EQ(learning_rate_at(s, 8), 0.25);
  s.schedule = Schedule::kConstant;
  EXPECT_DOUBLE_EQ(learning_rate_at(s, 9), 1.0);
  s.warmup_ratio = 0.25;  // 2.5 steps are 3
  EXPECT_DOUBLE_EQ(learning_rate_at(s, 1), 2.0 / 3);
  EXPECT_DOUBLE_EQ(learning_rate_at(s, 2), 1.0);
}

}  // namespace
}  // namespace trainer
