// LLM-QAT on tiny models: its data, its loss, and that it learns.
#include "reference_trainer/baselines/llm_qat.h"

#include <gtest/gtest.h>

#include "tests/eval/generation_models.h"

namespace trainer {
namespace {

QuantConfig bits(int all) {
  QuantConfig quant;
  quant.weight.bits = quant.activation.bits = quant.kv.bits = all;
  return quant;
}

SampleSettings data_settings(const ModelShape& shape) {
  SampleSettings s;
  s.sequences = 16;
  s.max_length = 12;
  s.first_tokens = ordinary_tokens(shape.vocab_size, shape.eos_token_ids);
  s.stop = shape.eos_token_ids;
  return s;
}

TrainSettings train_settings() {
  TrainSettings s;
  s.learning_rate = 2e-3;
  s.micro_batch = 4;
  s.accumulation = 2;
  s.max_steps = 40;
  return s;
}

Network<Cpu> student_of(Cpu& cpu, const Network<Cpu>& teacher, const QuantConfig& quant) {
  Network<Cpu> student = test::talkative_network(cpu, teacher.plan.shape);
  apply_plan(cpu, quant, teacher.plan.choice, student);
  return student;
}

struct Outcome {
  LlmQatReport report;
  std::vector<double> losses, norms;
  HostParameters parameters;
  bool operator==(const Outcome&) const = default;
};

Outcome train(Cpu& cpu, int student_bits, const TrainSettings& settings,
              const ModelShape& shape = test::generating_shape()) {
  const Network<Cpu> teacher = test::talkative_network(cpu, shape);
  Network<Cpu> student = student_of(cpu, teacher, bits(student_bits));
  TrainingState<Cpu> state(cpu, student);
  Outcome outcome;
  TrainingJob<Cpu> job{student, state, 0, {}, [&](const StepReport& r) {
                         outcome.losses.push_back(r.loss);
                         outcome.norms.push_back(r.gradient_norm);
                       }};
  outcome.report =
      train_llm_qat<Cpu>(cpu, data_settings(teacher.plan.shape), settings, teacher, job, {});
  outcome.parameters = get_parameters(cpu, student.parameters);
  return outcome;
}

TEST(LlmQat, TheDivergenceOfAQuantizedStudentFalls) {
  Cpu cpu(1);
  const Outcome outcome = train(cpu, 3, train_settings());
  ASSERT_EQ(outcome.losses.size(), 40u);
  EXPECT_GT(outcome.losses.front(), 0.05) << "3 bits that change nothing prove nothing";
  EXPECT_LT(outcome.losses.back(), 0.6 * outcome.losses.front());
  EXPECT_EQ(outcome.report.first_loss, outcome.losses.front());
  EXPECT_EQ(outcome.report.last_loss, outcome.losses.back());
}

TEST(LlmQat, AGptNeoXStudentLearnsToo) {
  Cpu cpu(1);
  const ModelShape neox = test::generating_neox_shape();
  const Outcome outcome = train(cpu, 3, train_settings(), neox);
  EXPECT_GT(outcome.losses.front(), 0.05) << "3 bits that change nothing prove nothing";
  EXPECT_LT(outcome.losses.back(), 0.6 * outcome.losses.front());
  const Outcome teacher = train(cpu, 16, train_settings(), neox);
  EXPECT_EQ(teacher.losses, std::vector<double>(40, 0.0)) << "a student that is its teacher";
}

// Equal networks: every loss, every gradient and so every update is exactly zero.
TEST(LlmQat, AStudentThatIsItsTeacherHasNothingToLearn) {
  Cpu cpu(2);
  Network<Cpu> teacher = test::talkative_network(cpu, test::generating_shape());
  const Outcome outcome = train(cpu, 16, train_settings());
  EXPECT_EQ(outcome.losses, std::vector<double>(40, 0.0));
  EXPECT_EQ(outcome.norms, std::vector<double>(40, 0.0));
  EXPECT_EQ(outcome.parameters, get_parameters(cpu, teacher.parameters));
}

TEST(LlmQat, SameBitsForAnyThreads) {
  TrainSettings few = train_settings();
  few.max_steps = 4;
  Cpu one(1), two(2), three(3);
  const Outcome first = train(one, 4, few);
  EXPECT_EQ(train(two, 4, few), first);
  EXPECT_EQ(train(three, 4, few), first);
}

// Another way to the loss of the first step: the logits of both networks, one sequence at a time.
// Probabilities from float logits of size 10 are off by 1e-5; KL is first order in that.
TEST(LlmQat, TheLossIsTheMeanDivergencePerToken) {
  Cpu cpu(1);
  const Network<Cpu> teacher = test::talkative_network(cpu, test::generating_shape());
  const Network<Cpu> student = student_of(cpu, teacher, bits(4));
  const SampleSettings data = data_settings(teacher.plan.shape);
  double sum = 0, rows = 0;
  for (TokenSequence tokens : sample_sequences<Cpu>(cpu, teacher, data, {})) {
    tokens.pop_back();
    const Tensor<Cpu> t = test::full_logits(cpu, teacher, tokens);
    const Tensor<Cpu> s = test::full_logits(cpu, student, tokens);
    for (std::int64_t r = 0; r < t.rows(); ++r, ++rows) {
      double p_sum = 0, q_sum = 0, divergence = 0;
      for (std::int64_t v = r * t.cols(); v < (r + 1) * t.cols(); ++v) {
        p_sum += std::exp(static_cast<double>(t.data()[v]));
        q_sum += std::exp(static_cast<double>(s.data()[v]));
      }
      for (std::int64_t v = r * t.cols(); v < (r + 1) * t.cols(); ++v) {
        const double p = std::exp(static_cast<double>(t.data()[v])) / p_sum;
        const double q = std::exp(static_cast<double>(s.data()[v])) / q_sum;
        divergence += p * std::log(p / q);
      }
      sum += divergence;
    }
  }
  TrainSettings all = train_settings();
  all.micro_batch = 16;
  all.accumulation = 1;
  all.max_steps = 1;
  EXPECT_NEAR(train(cpu, 4, all).losses.at(0), sum / rows, 1e-4);
}

TEST(LlmQat, SamplesAreSequencesWhoseTokensButTheFirstAreTargets) {
  const std::vector<TokenSequence> sequences{{4, 5, 6}, {7, 1}};
  const auto samples = samples_of(sequences);
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].tokens, sequences[0]);
  EXPECT_EQ(samples[0].target, (std::vector<std::uint8_t>{0, 1, 1}));
  EXPECT_EQ(samples[1].target, (std::vector<std::uint8_t>{0, 1}));
  SampleSettings settings;
  settings.stop = {1};
  EXPECT_EQ(describe(sequences, settings), (LlmQatReport{2, 5, 1, 0, 0}));
}

}  // namespace
}  // namespace trainer
