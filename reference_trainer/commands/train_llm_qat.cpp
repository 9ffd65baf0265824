// `train --method llm_qat`: the model as given teaches its quantized self.
#include "reference_trainer/baselines/llm_qat.h"
#include "reference_trainer/commands/studies.h"
#include "reference_trainer/commands/train_run.h"
#include "reference_trainer/study/method_run.h"

namespace trainer {
namespace {

// A second network of the same values, under the same plan.
template <Backend B>
Network<B> copy_of(B& backend, Network<B>& network) {
  Network<B> copy = make_network(backend, network.plan);
  set_parameters(backend, get_parameters(backend, network.parameters), copy.parameters);
  update_effective_weights(backend, copy);
  return copy;
}

template <class State, Backend B>
void distill(B& backend, const Network<B>& teacher, TrainRun<B>& run) {
  const CommandLine& line = run.line;
  State state(backend, run.session.network, line.train.gradient_checkpointing);
  TrainingJob<B, State> job{run.session.network, state};
  open_job(backend, run, job);
  const SampleSettings data = llm_qat_data(study_settings(line, run.units), run.session.shape());
  const TrainSettings training = method_training(line, run.units);
  say(line, "making up " + std::to_string(data.sequences) + " texts to learn from");
  report_steps(line, training.max_steps, job, [&] {
    const LlmQatReport report = train_llm_qat(backend, data, training, teacher, job, {});
    say(line, "learned from " + std::to_string(report.tokens) + " tokens; " +
                  std::to_string(report.ended) + " texts had an end");
  });
}

}  // namespace

template <Backend B>
void train_on_own_text(B& backend, TrainRun<B>& run) {
  Network<B>& student = run.session.network;
  const Network<B> teacher = copy_of(backend, student);
  student.effective_form = run.line.train.effective_weights;
  apply_plan(backend, quantizers_of(run.line), run.choice, student);
  if (run.line.train.optim == MomentBits::k8)
    return distill<EightBitState<B>>(backend, teacher, run);
  distill<TrainingState<B>>(backend, teacher, run);
}

template void train_on_own_text(Cpu&, TrainRun<Cpu>&);

}  // namespace trainer
