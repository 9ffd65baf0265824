// `train --method sft|ste|roste`: Algorithm 1, and its two special cases.
#include "reference_trainer/commands/error_report.h"
#include "reference_trainer/commands/train_run.h"
#include "reference_trainer/report/number_text.h"

namespace trainer {
namespace {

// From a network under its plan. Methods that do not search have one round.
Algorithm1Settings algorithm1_of(const CommandLine& line) {
  Algorithm1Settings settings = algorithm1_settings(line);
  settings.quant = quantizers_of(line);
  settings.first_round = FirstRound::kInForce;
  const bool searches = line.train.method == TrainMethod::kRoste && line.rotation.rotations.empty();
  if (!searches) settings.rounds = 1;
  return settings;
}

void say_round(const CommandLine& line, const Algorithm1Round& round) {
  if (round.index == 0 || round.table.terms.empty()) return;
  say(line, "round " + std::to_string(round.index + 1) + ": rotations " +
                rotations_text(round.choice) + ", objective " + shortest_text(round.before) +
                " -> " + shortest_text(round.after));
}

template <class State, Backend B>
void run_rounds(B& backend, const Algorithm1Settings& settings, TrainRun<B>& run) {
  const TrainOptions& options = run.line.train;
  State state(backend, run.session.network, options.gradient_checkpointing);
  hold_parameters(backend, options.param_dtype, options.master_weights, run.session.network, state);
  TrainingJob<B, State> job{run.session.network, state};
  open_job(backend, run, job);
  const TrainSettings training = method_training(run.line, run.units);
  report_steps(run.line, training.max_steps, job, [&] {
    run_algorithm1<B>(backend, settings, training, {run.samples, run.calibration}, job,
                      [&](const Algorithm1Round& round) { say_round(run.line, round); });
  });
}

}  // namespace

template <Backend B>
void train_rounds(B& backend, TrainRun<B>& run) {
  const Algorithm1Settings settings = algorithm1_of(run.line);
  Network<B>& network = run.session.network;
  network.effective_form = run.line.train.effective_weights;
  apply_plan(backend, settings.quant, run.choice, settings.weights, network);
  network.plan.norm_gains = settings.norm_gains;
  if (run.line.train.optim == MomentBits::k8)
    run_rounds<EightBitState<B>>(backend, settings, run);
  else
    run_rounds<TrainingState<B>>(backend, settings, run);
  widen_parameters(backend, network);
}

template void train_rounds(Cpu&, TrainRun<Cpu>&);

}  // namespace trainer
