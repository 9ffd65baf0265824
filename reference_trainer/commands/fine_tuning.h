// One fine-tuning run with its progress bar and log, as `train` and `pretrain` need it.
#pragma once

#include <utility>

#include "reference_trainer/commands/evaluation.h"
#include "reference_trainer/report/report_data.h"
#include "reference_trainer/study/stage_reporter.h"
#include "reference_trainer/train/algorithm1.h"

namespace trainer {

// The command line's training flags for a data set of `samples`; epochs become steps.
TrainSettings train_settings(const CommandLine& line, std::int64_t samples);

// The command line's flags of Algorithm 1.
Algorithm1Settings algorithm1_settings(const CommandLine& line);

// What a report says of this process: command, version, machine and time.
RunInfo run_info(const CommandLine& line);

// Where a stage of `line` reports to: progress on stderr, and a log if there is one.
Reporting reporting_of(const CommandLine& line, RunLog* log);

// Trains to the end under the network's plan, reporting every step.
template <Backend B>
void fine_tune(B& backend, const CommandLine& line, const std::string& stage, RunLog& log,
               std::span<const SftSample> samples, TrainingJob<B>& job) {
  const TrainSettings settings = train_settings(line, static_cast<std::int64_t>(samples.size()));
  StageReporter reporter(reporting_of(line, &log), stage, settings.max_steps, job.first_step);
  job.observer = [&](const StepReport& report) { reporter(report); };
  run_training(backend, settings, samples, job);
  reporter.finish();
}

}  // namespace trainer
