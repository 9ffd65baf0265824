// What the methods of `train` share: where they start, checkpoints, and who hears their steps.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference_trainer/commands/fine_tuning.h"
#include "reference_trainer/commands/session.h"
#include "reference_trainer/io/checkpoint.h"

namespace trainer {

// A training under way; its output directory is locked.
template <Backend B>
struct TrainRun {
  const CommandLine& line;
  Session<B>& session;  // folded, unrotated, full precision; the method makes its result of it
  SampleView samples;   // to train on
  std::int64_t units;   // of an epoch: samples, or packs
  const std::vector<SftSample>& calibration;
  RotationChoice choice;
  std::optional<FoundCheckpoint> found;  // to resume from
  nlohmann::json settings;               // of checkpoints
};

// Optimizer and schedule of --method for an epoch of `units` samples or packs: the training flags,
// of which LLM-QAT and adapters replace what their papers fix, as in a study.
TrainSettings method_training(const CommandLine& line, std::int64_t units);

// The quantizers of the model that --method makes.
QuantConfig quantizers_of(const CommandLine& line);

// Gives the job its checkpoints, and puts it where the one that was found left it.
template <Backend B, class Job>
void open_job(B& backend, const TrainRun<B>& run, Job& job) {
  const TrainOptions& options = run.line.train;
  job.checkpoints = {run.line.output_dir, options.save_steps,
                     static_cast<int>(options.save_total_limit), run.settings};
  job.checkpoints.on_failed_save = [](const Error& failure) {
    warn(line_of(failure.parts()) + "; training goes on, and the next save tries again");
  };
  if (!run.found) return;
  for (const std::string& name : sweep_checkpoints(run.line.output_dir))
    say(run.line, "removed " + name + ", which was cut short");
  for (const std::string& why : run.found->skipped) say(run.line, "skipped " + why);
  job.first_step = restore_checkpoint(backend, *run.found, job.network, job.state);
  say(run.line, "resuming after step " + std::to_string(job.first_step));
}

// Calls `body`, which runs the job to step `total`, while progress and log hear its steps.
template <class Job, class Body>
void report_steps(const CommandLine& line, std::int64_t total, Job& job, const Body& body) {
  RunLog log(line.output_dir);
  std::optional<TensorBoardLog> events = event_file_of(line);
  StageReporter reporter(reporting_of(line, &log, events ? &*events : nullptr),
                         std::string(name_of(line.train.method)), total, job.first_step);
  job.observer = [&](const StepReport& report) { reporter(report); };
  body();
  reporter.finish();
  job.observer = {};
}

// sft, ste and roste: Algorithm 1 with one round or more.
template <Backend B>
void train_rounds(B& backend, TrainRun<B>& run);

// llm_qat: the model's own text, and distillation on it.
template <Backend B>
void train_on_own_text(B& backend, TrainRun<B>& run);

// lora and rolora: adapters, saved, and merged into the weights.
template <Backend B>
void train_adapters(B& backend, TrainRun<B>& run);

}  // namespace trainer
