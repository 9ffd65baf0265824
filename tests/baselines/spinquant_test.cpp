// SpinQuant on small models: it learns, it stays on the manifold, it is deterministic.
#include "reference_trainer/baselines/spinquant.h"

#include <gtest/gtest.h>

#include "reference_trainer/roste/merge_rotations.h"
#include "tests/baselines/spinquant_models.h"

namespace trainer {
namespace {

QuantConfig three_bits() {
  QuantConfig quant;
  quant.weight.bits = quant.activation.bits = quant.kv.bits = 3;
  return quant;
}

SpinQuantSettings settings() {
  SpinQuantSettings s;
  s.steps = 60;
  s.learning_rate = 0.02;  // small models move far under 1.5
  s.batch = 16;
  return s;
}

double mean_loss(Cpu& cpu, const Network<Cpu>& network, std::span<const SftSample> samples) {
  const LossSum sum = dataset_loss(cpu, network, samples, 16, {});
  return sum.negative_log_likelihood / static_cast<double>(sum.targets);
}

// W3A3KV3, massive channels. Measured over five models: 0.53 ... 0.86 of the Hadamard loss.
TEST(SpinQuant, LearnedRotationsBeatTheHadamardOnesTheyStartFrom) {
  Cpu cpu(1);
  const auto samples = test::recurrent_samples(test::outlier_shape(), 16);
  for (const std::uint64_t seed : {2, 3}) {
    Network<Cpu> network = test::outlier_network(cpu, samples, seed);
    const SpinQuantResult result =
        learn_rotations<Cpu>(cpu, settings(), three_bits(), samples, network);
    EXPECT_LT(result.learned_loss, 0.8 * result.hadamard_loss) << seed;
    EXPECT_LT(result.defect, 1e-10);
    EXPECT_EQ(result.defect, largest_defect(result.rotations));
    EXPECT_EQ(result.history.size(), 60u);

    // The loss before is that of rotated round-to-nearest under all four rotations of the seed.
    // Learning computes weights in float32, merging in double: a 3-bit code that falls differently
    // moves one of 5e4 weights.
    const HostParameters folded = get_parameters(cpu, network.parameters);
    apply_plan(cpu, three_bits(),
               RotationChoice::shared(RotationMask(15), network.plan.shape, settings().seed),
               network);
    EXPECT_NEAR(mean_loss(cpu, network, samples), result.hadamard_loss,
                1e-3 * result.hadamard_loss);
    set_parameters(cpu, folded, network.parameters);
    merge_learned(cpu, result, network);
    apply_plan(cpu, three_bits(), result.online, network);
    EXPECT_NEAR(mean_loss(cpu, network, samples), result.learned_loss, 1e-3 * result.learned_loss);
  }
}

struct TinyRun {
  SpinQuantSettings settings;
  QuantConfig quant = three_bits();
  int threads = 1;

  SpinQuantResult operator()() const {
    Cpu cpu(threads);
    Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 1);
    fold_norms(cpu, network);
    return learn_rotations<Cpu>(cpu, settings, quant, test::tiny_samples(network.plan.shape, 7, 5),
                                network);
  }
};

SpinQuantSettings few_steps() {
  SpinQuantSettings s;
  s.steps = 4;
  s.batch = 3;
  return s;
}

bool same_bits(const SpinQuantResult& a, const SpinQuantResult& b) {
  return a.rotations.r1 == b.rotations.r1 && a.rotations.r2 == b.rotations.r2 &&
         to_json(a) == to_json(b);
}

TEST(SpinQuant, ThreadsAndRunsGiveTheSameBits) {
  const SpinQuantResult first = TinyRun{few_steps()}();
  for (const int threads : {1, 2, 3})
    EXPECT_TRUE(same_bits(TinyRun{few_steps(), three_bits(), threads}(), first)) << threads;
  SpinQuantSettings other = few_steps();
  other.seed = 1;
  EXPECT_FALSE(same_bits(TinyRun{other}(), first));
}

TEST(SpinQuant, EveryRotationIsLearnedAndOnlineOnesAreChosen) {
  const SpinQuantResult result = TinyRun{few_steps()}();
  const ModelShape shape = test::tiny_shape();
  const DenseRotations start = hadamard_rotations(shape, 0);
  EXPECT_NE(result.rotations.r1, start.r1);
  EXPECT_NE(result.rotations.r2[0], start.r2[0]);
  EXPECT_NE(result.rotations.r2[1], start.r2[1]);
  EXPECT_EQ(result.online.layers[1].text(), "0011");
  SpinQuantSettings without_r4 = few_steps();
  without_r4.online = RotationMask::parse("0010");
  EXPECT_NE(TinyRun{without_r4}().hadamard_loss, result.hadamard_loss);
  SpinQuantSettings plain_signs = few_steps();
  plain_signs.online_signs = OnlineSigns::kNone;
  EXPECT_NE(TinyRun{plain_signs}().hadamard_loss, result.hadamard_loss);
}

// 16-bit weights while learning, whatever their quantizer is.
TEST(SpinQuant, FullPrecisionWeightsAreNotQuantizedWhileLearning) {
  SpinQuantSettings s = few_steps();
  QuantConfig weights_at_16_bits = three_bits();
  weights_at_16_bits.weight = {};
  const SpinQuantResult quantized = TinyRun{s}(), plain = TinyRun{s, weights_at_16_bits}();
  EXPECT_FALSE(same_bits(quantized, plain));
  s.weights = LearningWeights::kFullPrecision;
  EXPECT_TRUE(same_bits(TinyRun{s}(), plain));
}

// From the settings' rate down a cosine; the batch's loss is the whole set's when it holds the set.
TEST(SpinQuant, HistoryHoldsEveryStep) {
  SpinQuantSettings s = few_steps();
  s.batch = 7;
  const SpinQuantResult result = TinyRun{s}();
  ASSERT_EQ(result.history.size(), 4u);
  EXPECT_EQ(result.history[3].step, 3);
  EXPECT_DOUBLE_EQ(result.history[0].learning_rate, 1.5);
  EXPECT_DOUBLE_EQ(result.history[2].learning_rate, 0.75);
  EXPECT_NEAR(result.history[0].loss, result.hadamard_loss, 1e-5 * result.hadamard_loss);
  EXPECT_NE(result.history[1].loss, result.history[0].loss);
  for (const SpinQuantStep& step : result.history) {
    EXPECT_GT(step.r1_step_size, 0);
    EXPECT_LE(step.r1_step_size, step.learning_rate);
  }
  EXPECT_EQ(to_json(result).at("history").size(), 4u);
}

TEST(SpinQuant, RefusesWhatItCannotLearnFrom) {
  Cpu cpu(1);
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 1);
  const auto samples = test::tiny_samples(network.plan.shape, 3, 5);
  const auto learn = [&](const SpinQuantSettings& s, std::span<const SftSample> data) {
    learn_rotations<Cpu>(cpu, s, three_bits(), data, network);
  };
  EXPECT_THROW(learn(few_steps(), samples), std::invalid_argument);  // gains are not folded
  fold_norms(cpu, network);
  EXPECT_NO_THROW(learn(few_steps(), samples));
  EXPECT_THROW(learn(few_steps(), {}), std::invalid_argument);
  SpinQuantSettings wrong = few_steps();
  wrong.online = RotationMask(15);
  EXPECT_THROW(learn(wrong, samples), std::invalid_argument);
  wrong = few_steps();
  wrong.batch = 0;
  EXPECT_THROW(learn(wrong, samples), std::invalid_argument);
}

TEST(SpinQuant, ALossThatIsNotFiniteEndsTheLearning) {
  try {
    check_spinquant_loss(7, HUGE_VAL);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.exit_code(), ExitCode::kNumerics);
    EXPECT_EQ(e.parts().code, "TR-01");
  }
}

}  // namespace
}  // namespace trainer
