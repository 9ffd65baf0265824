// Training of adapters: their gradients, and that nothing else moves.
#include "reference_trainer/baselines/lora_training.h"

#include <gtest/gtest.h>

#include "tests/baselines/lora_models.h"
#include "tests/io/files.h"

namespace trainer {
namespace {

TrainSettings train_settings() {
  TrainSettings s;
  s.learning_rate = 1e-2;
  s.warmup_ratio = 0.01;
  s.micro_batch = 4;
  s.accumulation = 2;
  s.max_steps = 40;
  return s;
}

QuantConfig four_bits() {
  QuantConfig quant;
  quant.weight.bits = quant.activation.bits = quant.kv.bits = 4;
  return quant;
}

std::vector<std::vector<float>> host_values(Adapters<Cpu>& adapters) {
  std::vector<std::vector<float>> all;
  for (const auto& t : tensor_list(adapters)) all.push_back(test::values(*t.tensor));
  return all;
}

struct Outcome {
  std::vector<double> losses;
  std::vector<std::vector<float>> adapters;
  bool operator==(const Outcome&) const = default;
};

Outcome train(Cpu& cpu, Network<Cpu>& network, const TrainSettings& settings,
              const CheckpointPolicy& policy = {}) {
  const auto samples = test::tiny_samples(network.plan.shape, 20, 21);
  LoraState<Cpu> state(cpu, network);
  Outcome outcome;
  LoraJob<Cpu> job{network, state, 0, policy,
                   [&](const StepReport& r) { outcome.losses.push_back(r.loss); }};
  if (!policy.output_dir.empty()) {
    if (const auto found = find_newest_checkpoint(policy.output_dir))
      job.first_step = restore_checkpoint(cpu, *found, network, state);
  }
  train_lora<Cpu>(cpu, settings, samples, job);
  outcome.adapters = host_values(network.adapters);
  return outcome;
}

Network<Cpu> trainable(Cpu& cpu, const std::string& mask, const QuantConfig& quant) {
  Network<Cpu> network = test::lora_base(cpu, mask, quant);
  attach_adapters(cpu, test::lora_settings({Linear::kQ, Linear::kV, Linear::kDown}), network);
  return network;
}

class LoraTraining : public ::testing::TestWithParam<int> {
 protected:
  QuantConfig quant = GetParam() == 4 ? four_bits() : QuantConfig{};
};

TEST_P(LoraTraining, AdaptersMoveTheLossFallsAndTheBaseStays) {
  Cpu cpu(1);
  Network<Cpu> network = trainable(cpu, "1001", quant);
  const HostParameters base = get_parameters(cpu, network.parameters);
  const auto fresh = host_values(network.adapters);
  const std::vector<float> logits = test::logits_of(cpu, network);
  const Outcome outcome = train(cpu, network, train_settings());
  EXPECT_LT(outcome.losses.back(), 0.8 * outcome.losses.front()) << outcome.losses.front();
  for (std::size_t t = 0; t < fresh.size(); ++t) EXPECT_NE(outcome.adapters[t], fresh[t]) << t;
  EXPECT_EQ(get_parameters(cpu, network.parameters), base);
  EXPECT_NE(test::logits_of(cpu, network), logits);
  network.adapters = {};
  EXPECT_EQ(test::logits_of(cpu, network), logits) << "the effective weights have changed";
}

INSTANTIATE_TEST_SUITE_P(Bits, LoraTraining, ::testing::Values(16, 4));

// GELU, biases and a parallel residual: adapters of every layer learn, and merging them into
// weights under R1 and R4 rounds as it does for Llama.
TEST(LoraTrainingRun, LearnsBesideAGptNeoXBaseAndMerges) {
  Cpu cpu(1);
  Network<Cpu> network = test::lora_base(cpu, "1001", {}, test::generating_neox_shape());
  attach_adapters(cpu, test::lora_settings(test::kEveryTarget), network);
  const auto fresh = host_values(network.adapters);
  ASSERT_EQ(fresh.size(), 24u) << "2 layers, 6 linear layers, a and b";
  const Outcome outcome = train(cpu, network, train_settings());
  EXPECT_LT(outcome.losses.back(), 0.8 * outcome.losses.front()) << outcome.losses.front();
  for (std::size_t t = 0; t < fresh.size(); ++t) EXPECT_NE(outcome.adapters[t], fresh[t]) << t;
  const std::vector<float> unmerged = test::logits_of(cpu, network);
  merge_adapters(cpu, network);
  EXPECT_LT(test::relative_difference(test::logits_of(cpu, network), unmerged), 1e-5);
}

// Mean loss over the targets of a batch.
double loss_of(Cpu& cpu, const Network<Cpu>& network, const TokenBatch& batch) {
  ModelInput<Cpu> input;
  Indices<Cpu> targets;
  load_batch(cpu, batch, input);
  load_indices(cpu, batch.targets, targets);
  Activations<Cpu> acts(network.plan.shape, Keep::kOneLayer);
  transformer_forward(cpu, network, input, acts);
  const LossSum sum = lm_head_loss(cpu, acts.final_hidden, network.parameters.lm_head(), targets);
  return sum.negative_log_likelihood / static_cast<double>(sum.targets);
}

std::vector<TokenBatch> one_batch(const ModelShape& shape) {
  const auto samples = test::tiny_samples(shape, 6, 21);
  std::vector<const SftSample*> rows;
  for (const SftSample& s : samples) rows.push_back(&s);
  return {make_batch(rows)};
}

// Gradients of all adapters of a network at the batch.
std::vector<std::vector<float>> gradients_at(Cpu& cpu, const Network<Cpu>& network,
                                             const std::vector<TokenBatch>& batches) {
  LoraState<Cpu> state(cpu, network);
  const CrossEntropy loss;
  step_gradients(cpu, network, StepObjective<const CrossEntropy>{batches, loss}, state);
  return host_values(state.gradients);
}

double norm_of(const std::vector<float>& values) {
  double sum = 0;
  for (const float x : values) sum += static_cast<double>(x) * static_cast<double>(x);
  return std::sqrt(sum);
}

// The slope of the loss where one adapter tensor moves along `direction`, a unit vector.
double slope(Cpu& cpu, const Network<Cpu>& network, const TokenBatch& batch, Tensor<Cpu>& tensor,
             const std::vector<double>& direction) {
  constexpr double kStep = 1e-2;
  const std::vector<float> saved = test::values(tensor);
  const auto loss_at = [&](double step) {
    for (std::size_t i = 0; i < saved.size(); ++i)
      tensor.data()[i] = static_cast<float>(static_cast<double>(saved[i]) + step * direction[i]);
    return loss_of(cpu, network, batch);
  };
  const double above = loss_at(kStep), below = loss_at(-kStep);
  std::copy(saved.begin(), saved.end(), tensor.data());
  return (above - below) / (2 * kStep);
}

// Along the gradient the slope is its length, across it the inner product. Float logits leave 2e-7
// of a loss near 4, so 4e-5 of a slope; the third derivative as much again.
TEST(LoraGradients, AgreeWithSlopesOfTheLoss) {
  Cpu cpu(1);
  Network<Cpu> network = test::adapted_network(cpu, "1111");
  const auto batches = one_batch(network.plan.shape);
  const auto gradients = gradients_at(cpu, network, batches);
  auto list = tensor_list(network.adapters);
  ASSERT_EQ(list.size(), 28u);  // 2 layers, 7 linear layers, a and b
  for (std::size_t t = 0; t < list.size(); ++t) {
    SCOPED_TRACE(list[t].name);
    const std::vector<float>& g = gradients[t];
    const double norm = norm_of(g);
    EXPECT_GT(norm, 1e-3);
    std::vector<double> along(g.size()), across(g.size());
    double inner = 0;
    for (std::size_t i = 0; i < g.size(); ++i) {
      along[i] = static_cast<double>(g[i]) / norm;
      across[i] = static_cast<double>(test::uniform(77 + t, i)) /
                  std::sqrt(static_cast<double>(g.size()) / 3);
      inner += across[i] * static_cast<double>(g[i]);
    }
    EXPECT_NEAR(slope(cpu, network, batches[0], *list[t].tensor, along), norm, 4e-4 + 0.01 * norm);
    EXPECT_NEAR(slope(cpu, network, batches[0], *list[t].tensor, across), inner,
                4e-4 + 0.01 * norm);
  }
}

// Where adapters are merged the whole gradient dW is known: da = s b^T dW and db = s dW a^T.
TEST(LoraGradients, AreThoseOfTheMergedNetworkProjected) {
  Cpu cpu(1);
  Network<Cpu> network = test::adapted_network(cpu, "1000");
  const auto batches = one_batch(network.plan.shape);
  const auto got = gradients_at(cpu, network, batches);
  Network<Cpu> merged = test::adapted_network(cpu, "1000");
  merge_adapters(cpu, merged);
  TrainingState<Cpu> state(cpu, merged);
  const CrossEntropy loss;
  step_gradients(cpu, merged, StepObjective<const CrossEntropy>{batches, loss}, state);
  std::size_t t = 0;
  for (std::size_t layer = 0; layer < 2; ++layer) {
    for (const Linear l : kLinears) {
      const Adapter<Cpu>& adapter = *network.adapters.find(layer, l);
      const Tensor<Cpu>& dw = state.gradients.layers[layer].weight[l];
      std::vector<float> da(static_cast<std::size_t>(adapter.a.size()));
      std::vector<float> db(static_cast<std::size_t>(adapter.b.size()));
      for (std::int64_t o = 0; o < dw.rows(); ++o) {
        for (std::int64_t i = 0; i < dw.cols(); ++i) {
          const float g = 2 * dw.data()[o * dw.cols() + i];  // scale 2
          for (std::int64_t r = 0; r < 3; ++r) {
            da[r * dw.cols() + i] += g * adapter.b.data()[o * 3 + r];
            db[o * 3 + r] += g * adapter.a.data()[r * dw.cols() + i];
          }
        }
      }
      EXPECT_LT(test::relative_difference(got[t++], da), 1e-4) << layer << linear_name(l);
      EXPECT_LT(test::relative_difference(got[t++], db), 1e-4) << layer << linear_name(l);
    }
  }
}

TEST(LoraGradients, TheNormIsThatOfAllAdapters) {
  Cpu cpu(1);
  const Network<Cpu> network = test::adapted_network(cpu, "1000");
  LoraState<Cpu> state(cpu, network);
  const auto batches = one_batch(network.plan.shape);
  const CrossEntropy loss;
  step_gradients(cpu, network, StepObjective<const CrossEntropy>{batches, loss}, state);
  double sum = 0;
  for (const auto& g : host_values(state.gradients)) sum += norm_of(g) * norm_of(g);
  // Sums of a few thousand squares, in double in both.
  EXPECT_NEAR(gradient_norm(cpu, network.plan, state), std::sqrt(sum), 1e-9);
}

// Two steps of Adam (Kingma and Ba 2015, algorithm 1) in double, from the gradients that the
// optimizer saw; float leaves 1e-6 of a value or of the learning rate.
TEST(LoraTrainingRun, StepsAreThoseOfAdam) {
  Cpu cpu(1);
  TrainSettings s = train_settings();
  s.max_grad_norm = 0;
  Network<Cpu> network = test::adapted_network(cpu, "1000");
  LoraState<Cpu> state(cpu, network);
  const auto batches = one_batch(network.plan.shape);
  const CrossEntropy loss;
  const auto values = [&] { return host_values(network.adapters); };
  const auto w0 = values();
  std::vector<std::vector<std::vector<float>>> g;
  for (std::int64_t step = 0; step < 2; ++step) {
    train_step(cpu, s, step, StepObjective<const CrossEntropy>{batches, loss}, network, state);
    g.push_back(host_values(state.gradients));
  }
  const auto w2 = values();
  for (std::size_t t = 0; t < w0.size(); ++t) {
    for (std::size_t i = 0; i < w0[t].size(); ++i) {
      double w = static_cast<double>(w0[t][i]), m = 0, v = 0;
      for (int step = 1; step <= 2; ++step) {
        const double gradient = static_cast<double>(g[static_cast<std::size_t>(step - 1)][t][i]);
        m = 0.9 * m + 0.1 * gradient;
        v = 0.999 * v + 0.001 * gradient * gradient;
        w -= learning_rate_at(s, step - 1) * (m / (1 - std::pow(0.9, step))) /
             (std::sqrt(v / (1 - std::pow(0.999, step))) + 1e-8);
      }
      ASSERT_NEAR(w2[t][i], w, 1e-6) << t << " " << i;
    }
  }
}

TEST(LoraTrainingRun, OneTwoAndThreeThreadsGiveTheSameBits) {
  TrainSettings few = train_settings();
  few.max_steps = 5;
  Cpu one(1), two(2), three(3);
  Network<Cpu> a = trainable(one, "1001", four_bits()), b = trainable(two, "1001", four_bits()),
               c = trainable(three, "1001", four_bits());
  const Outcome first = train(one, a, few);
  EXPECT_EQ(train(two, b, few), first);
  EXPECT_EQ(train(three, c, few), first);
}

TEST(LoraTrainingRun, AResumedRunIsBitEqualAndItsCheckpointHoldsNoBase) {
  Cpu cpu(1);
  TrainSettings settings = train_settings();
  settings.max_steps = 6;
  Network<Cpu> whole = trainable(cpu, "1001", {});
  const Outcome undisturbed = train(cpu, whole, settings);
  const testing::TemporaryDirectory dir;
  const CheckpointPolicy policy{dir.path(), 2, 9, to_json(settings)};
  Network<Cpu> first = trainable(cpu, "1001", {});
  LoraState<Cpu> state(cpu, first);
  const auto samples = test::tiny_samples(first.plan.shape, 20, 21);
  struct Stopped {};
  LoraJob<Cpu> job{first, state, 0, policy, [&](const StepReport& r) {
                     if (r.step == 4) throw Stopped{};
                   }};
  EXPECT_THROW((train_lora<Cpu>(cpu, settings, samples, job)), Stopped);
  const auto found = find_newest_checkpoint(dir.path());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->info.step, 4);
  const SafetensorsFile file = SafetensorsFile::open(found->directory / "state.safetensors");
  EXPECT_EQ(file.tensors().size(), 3u * 12u);
  Network<Cpu> resumed = trainable(cpu, "1001", {});
  const Outcome rest = train(cpu, resumed, settings, policy);
  EXPECT_EQ(rest.losses.size(), 2u);
  EXPECT_EQ(rest.adapters, undisturbed.adapters);
}

TEST(LoraTrainingRun, OnlyNormsHaveRoomForGradientsOfTheBase) {
  Cpu cpu(1);
  Parameters<Cpu> gradients = gradients_of_norms(cpu, test::generating_shape());
  for (const auto& t : tensor_list(gradients))
    EXPECT_EQ(t.tensor->empty(), t.kind != TensorKind::kNormGain) << t.name;
}

TEST(LoraTrainingRun, WithoutAdaptersThereIsNothingToTrain) {
  Cpu cpu(1);
  Network<Cpu> network = test::lora_base(cpu, "0000", {});
  LoraState<Cpu> state(cpu, network);
  LoraJob<Cpu> job{network, state};
  const auto samples = test::tiny_samples(network.plan.shape, 20, 21);
  EXPECT_THROW(train_lora<Cpu>(cpu, train_settings(), samples, job), std::invalid_argument);
}

}  // namespace
}  // namespace trainer
