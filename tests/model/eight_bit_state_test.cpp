// Training with moments of eight bits: it learns, resumes bit for bit, and follows the rotations.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "reference_trainer/train/change_rotations.h"
#include "reference_trainer/train/training_run.h"
#include "tests/model/rotated_networks.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

TrainSettings settings(std::int64_t steps) {
  TrainSettings s;
  s.learning_rate = 5e-3;
  s.micro_batch = 4;
  s.max_steps = steps;
  return s;
}

Network<Cpu> quantized_network(Cpu& cpu) {
  QuantConfig quant;
  quant.weight.bits = quant.activation.bits = quant.kv.bits = 4;
  return test::rotated_network(cpu, quant, test::choice("1111", "1111"), WeightForm::kMaster);
}

template <class State>
std::vector<double> losses_of(Cpu& cpu, Network<Cpu>& network, State& state,
                              const CheckpointPolicy& policy, std::int64_t first,
                              std::int64_t last) {
  std::vector<double> losses;
  const auto samples = test::tiny_samples(network.plan.shape, 12, 21);
  TrainingJob<Cpu, State> job{network, state, first, policy,
                              [&](const StepReport& r) { losses.push_back(r.loss); }};
  run_steps(cpu, settings(150), samples, last, job);
  return losses;
}

TEST(EightBitState, LearnsAsFloatMomentsDo) {
  Cpu cpu(1);
  Network<Cpu> a = quantized_network(cpu), b = quantized_network(cpu);
  TrainingState<Cpu> floats(cpu, a);
  EightBitState<Cpu> codes(cpu, b);
  const auto expected = losses_of(cpu, a, floats, {}, 0, 150);
  const auto got = losses_of(cpu, b, codes, {}, 0, 150);
  EXPECT_EQ(got[0], expected[0]);
  EXPECT_NE(got.back(), expected.back());
  EXPECT_LT(got.back(), 0.7 * got.front());
  // Both have come most of the way from the first loss; what codes lose of it is little.
  EXPECT_LT(got.back() - expected.back(), 0.1 * (got.front() - expected.back()));
}

TEST(EightBitState, ResumesBitForBit) {
  Cpu cpu(1);
  const auto directory = std::filesystem::path(testing::TempDir()) / "eight_bit_resume";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  Network<Cpu> whole = quantized_network(cpu), half = quantized_network(cpu),
               rest = quantized_network(cpu);
  EightBitState<Cpu> a(cpu, whole), b(cpu, half), c(cpu, rest);
  auto expected = losses_of(cpu, whole, a, {}, 0, 8);
  losses_of(cpu, half, b, {directory, 4, 2, {}}, 0, 4);
  const auto found = find_newest_checkpoint(directory);
  ASSERT_TRUE(found);
  EXPECT_EQ(restore_checkpoint(cpu, *found, rest, c), 4);
  const auto got = losses_of(cpu, rest, c, {}, 4, 8);
  EXPECT_EQ(got, std::vector<double>(expected.begin() + 4, expected.end()));
  EXPECT_EQ(get_parameters(cpu, rest.parameters), get_parameters(cpu, whole.parameters));
  std::filesystem::remove_all(directory);
}

// A checkpoint as older programs wrote it: codes as numbers in F32.
std::filesystem::path save_old_checkpoint(Cpu& cpu, const std::filesystem::path& directory,
                                          Network<Cpu>& network, EightBitState<Cpu>& state) {
  const StoredTensors stored = checkpoint_tensors(cpu, network, state);
  std::vector<std::vector<float>> values;
  std::vector<FloatTensorView> views;
  for (const TensorView& view : stored.views()) {
    if (view.dtype == DType::kU8) {
      auto& codes = values.emplace_back();
      for (const std::byte b : view.bytes)
        codes.push_back(static_cast<float>(std::to_integer<int>(b)));
    } else {
      std::vector<float>& copied = values.emplace_back(view.bytes.size() / sizeof(float));
      std::memcpy(copied.data(), view.bytes.data(), view.bytes.size());
    }
    views.push_back({view.name, view.shape, values.back()});
  }
  return save_checkpoint(directory, {3, {}}, views);
}

TEST(EightBitState, CodesAreBytesAndOlderCheckpointsAreRead) {
  Cpu cpu(1);
  const auto directory = std::filesystem::path(testing::TempDir()) / "eight_bit_old";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  Network<Cpu> network = quantized_network(cpu), restored = quantized_network(cpu);
  EightBitState<Cpu> state(cpu, network), read(cpu, restored);
  losses_of(cpu, network, state, {}, 0, 3);
  const StoredTensors stored = checkpoint_tensors(cpu, network, state);
  for (const TensorView& view : stored.views()) {
    const bool codes =
        view.name.find("_codes.") != std::string::npos && !view.name.ends_with(".largest");
    EXPECT_EQ(view.dtype, codes ? DType::kU8 : DType::kF32) << view.name;
  }
  save_old_checkpoint(cpu, directory, network, state);
  EXPECT_EQ(restore_checkpoint(cpu, *find_newest_checkpoint(directory), restored, read), 3);
  EXPECT_EQ(losses_of(cpu, restored, read, {}, 3, 6), losses_of(cpu, network, state, {}, 3, 6));
  EXPECT_EQ(get_parameters(cpu, restored.parameters), get_parameters(cpu, network.parameters));
  std::filesystem::remove_all(directory);
}

// The values behind the first moment of every tensor.
std::vector<std::vector<float>> first_moments(Cpu& cpu, const EightBitState<Cpu>& state) {
  std::vector<std::vector<float>> all;
  Tensor<Cpu> values;
  for (const CodedMoment<Cpu>& m : state.m) {
    decode_moment(cpu, signed_codebook(), m, values);
    all.push_back(test::values(values));
  }
  return all;
}

double norm(const std::vector<float>& values) {
  double sum = 0;
  for (const float v : values) sum += static_cast<double>(v) * static_cast<double>(v);
  return std::sqrt(sum);
}

TEST(EightBitState, MomentsFollowTheRotations) {
  for (const MomentPolicy policy :
       {MomentPolicy::kReset, MomentPolicy::kRotateFirst, MomentPolicy::kKeep}) {
    Cpu cpu(1);
    Network<Cpu> network = quantized_network(cpu);
    EightBitState<Cpu> state(cpu, network);
    losses_of(cpu, network, state, {}, 0, 3);
    const auto before = first_moments(cpu, state);
    change_rotations(cpu, test::choice("0111", "0111"), policy, 3, network, state);
    const auto after = first_moments(cpu, state);
    ASSERT_GT(norm(before[0]), 0);
    if (policy == MomentPolicy::kReset) {
      EXPECT_EQ(norm(after[0]), 0);
    }
    if (policy == MomentPolicy::kKeep) {
      EXPECT_EQ(after[0], before[0]);
    }
    if (policy == MomentPolicy::kRotateFirst) {
      // Lengths are kept by the rotation, and to a percent by codes of less than 2 % error.
      EXPECT_NEAR(norm(after[0]), norm(before[0]), 0.01 * norm(before[0]));
      EXPECT_NE(after[0], before[0]);
    }
    EXPECT_EQ(state.moments_since[0], policy == MomentPolicy::kReset ? 3 : 0);
  }
}

}  // namespace
}  // namespace trainer
