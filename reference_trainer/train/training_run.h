// A whole training run: the loop over optimizer steps, checkpoints, and bit-equal resume.
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "reference_trainer/base/stop_request.h"
#include "reference_trainer/train/checkpoint_tensors.h"

namespace trainer {

struct CheckpointPolicy {
  std::filesystem::path output_dir;  // checkpoints go to output_dir/checkpoints
  std::int64_t save_steps = 0;       // 0: never
  int keep = 2;
  nlohmann::json settings;  // what must agree for a resume
  // Hears of a save between the first and the last that failed; the run goes on to the next one.
  // Where this is empty, a failed save ends the run.
  std::function<void(const Error&)> on_failed_save = {};
};

// Called after every step; may be empty.
using StepObserver = std::function<void(const StepReport&)>;

template <Backend B, class State>
void save_training_checkpoint(B& backend, const CheckpointPolicy& policy, std::int64_t steps_done,
                              Network<B>& network, State& state) {
  const auto tensors = checkpoint_tensors(backend, network, state);
  save_checkpoint(policy.output_dir, {steps_done, policy.settings}, tensors.views());
  prune_checkpoints(policy.output_dir, policy.keep);
}

// A network on its way. `State` says what of it is trained, `Loss` to make what smaller.
template <Backend B, class State = TrainingState<B>, class Loss = const CrossEntropy>
struct TrainingJob {
  Network<B>& network;
  State& state;
  std::int64_t first_step = 0;  // steps already done
  CheckpointPolicy checkpoints = {};
  StepObserver observer = {};
  Loss loss = {};
};

template <Backend B, class State, class Loss>
void save_job(B& backend, std::int64_t steps_done, TrainingJob<B, State, Loss>& job) {
  save_training_checkpoint(backend, job.checkpoints, steps_done, job.network, job.state);
}

// A save with a later one to come, which may replace it.
template <Backend B, class State, class Loss>
void try_save_job(B& backend, std::int64_t steps_done, TrainingJob<B, State, Loss>& job) {
  try {
    save_job(backend, steps_done, job);
  } catch (const Error& failure) {
    if (!job.checkpoints.on_failed_save) throw;
    job.checkpoints.on_failed_save(failure);
  }
}

// Leaves a checkpoint, where the job has a place for them, and throws Stopped.
template <Backend B, class State, class Loss>
[[noreturn]] void stop_job(B& backend, int signal, std::int64_t steps_done,
                           TrainingJob<B, State, Loss>& job) {
  const bool saves = !job.checkpoints.output_dir.empty();
  if (saves) save_job(backend, steps_done, job);
  throw Stopped(signal, "after step " + std::to_string(steps_done),
                saves ? "continue with --resume" : "");
}

// Runs steps first_step ... end - 1 on the samples; end <= max_steps. Saves every save_steps steps,
// and also before the first and after the last of max_steps, so that a run can be resumed from any
// moment of its life. A request to stop is followed after the step in which it came: as stop_job.
template <Backend B, class State, class Loss>
void run_steps(B& backend, const TrainSettings& settings, const SampleView& samples,
               std::int64_t end, TrainingJob<B, State, Loss>& job) {
  const std::int64_t every = job.checkpoints.save_steps;
  BatchPlan plan(samples, batch_settings(settings));
  if (every > 0 && job.first_step == 0) save_job(backend, 0, job);
  for (std::int64_t step = job.first_step; step < end; ++step) {
    const auto batches = step_batches(samples, plan, step);
    const StepReport report = train_step(
        backend, settings, step, StepObjective<Loss>{batches, job.loss}, job.network, job.state);
    if (job.observer) job.observer(report);
    const std::int64_t done = step + 1;
    if (const int signal = stop_signal()) stop_job(backend, signal, done, job);
    if (every > 0 && done == settings.max_steps)
      save_job(backend, done, job);
    else if (every > 0 && done % every == 0)
      try_save_job(backend, done, job);
  }
}

// A run with one plan from its first step to its last.
template <Backend B, class State, class Loss>
void run_training(B& backend, const TrainSettings& settings, const SampleView& samples,
                  TrainingJob<B, State, Loss>& job) {
  run_steps(backend, settings, samples, settings.max_steps, job);
}

}  // namespace trainer
