// LLM-QAT (Liu et al. 2023): the quantized student learns to predict what its full-precision
// teacher predicts, on text that the teacher made up. No data set is read.
#pragma once

#include "reference_trainer/eval/sample.h"
#include "reference_trainer/ops/distillation.h"
#include "reference_trainer/train/training_run.h"

namespace trainer {

// The loss of a step (see CrossEntropy): KL(teacher || student) over the vocabulary, in nats. The
// teacher reads every batch on the fly; it must outlive the loss and have the student's vocabulary.
template <Backend B>
class Distillation {
 public:
  explicit Distillation(const Network<B>& teacher)
      : teacher_(teacher), acts_(teacher.plan.shape, Keep::kOneLayer) {}

  LossSum operator()(const LossInput<B>& at, const Tensor<B>& hidden,
                     const LmHeadGradients<B>& gradients) {
    transformer_forward(at.backend, teacher_, at.input, acts_);
    return distillation_loss_backward(
        at.backend, {acts_.final_hidden, teacher_.parameters.lm_head()},
        {hidden, at.network.parameters.lm_head()}, at.targets, at.scale, gradients);
  }

 private:
  const Network<B>& teacher_;
  Activations<B> acts_;
};

// Sequences as training samples; every token but the first is a target.
std::vector<SftSample> samples_of(std::span<const TokenSequence> sequences);

struct LlmQatReport {
  std::int64_t sequences = 0;
  std::int64_t tokens = 0;  // of all sequences
  std::int64_t ended = 0;   // sequences whose last token is a stop token
  double first_loss = 0;    // mean KL per token of the first step, nats
  double last_loss = 0;     // of the last step
  bool operator==(const LlmQatReport&) const = default;
};

// What the generated text is like; the losses stay 0.
LlmQatReport describe(std::span<const TokenSequence> sequences, const SampleSettings& settings);

// Makes the data with the teacher, a network without quantizers, and trains job.network (the
// student, usually the same weights under a plan that quantizes) by distillation: weights,
// activations and cache as its plan says, straight-through gradients. The paper's settings are
// AdamW at 2e-5 without decay and warm-up, cosine. A resumed job (first_step > 0) makes the same
// data again. `sampled` hears of finished sequences; may be empty. Throws as sample_sequences and
// run_training.
template <Backend B, class State>
LlmQatReport train_llm_qat(B& backend, const SampleSettings& data, const TrainSettings& settings,
                           const Network<B>& teacher, TrainingJob<B, State>& job,
                           const std::function<void(std::size_t)>& sampled) {
  const auto sequences = sample_sequences(backend, teacher, data, sampled);
  LlmQatReport report = describe(sequences, data);
  const auto observer = [&](const StepReport& step) {
    if (step.step == job.first_step) report.first_loss = step.loss;
    report.last_loss = step.loss;
    if (job.observer) job.observer(step);
  };
  TrainingJob<B, State, Distillation<B>> distillation{
      job.network, job.state, job.first_step, job.checkpoints, observer, Distillation<B>(teacher)};
  run_training(backend, settings, samples_of(sequences), distillation);
  return report;
}

}  // namespace trainer
