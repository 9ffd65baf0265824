// One fine-tuning run with its progress bar and log, as `train`, `run` and `pretrain` need it.
#pragma once

#include <utility>

#include "reference_trainer/commands/error_report.h"
#include "reference_trainer/commands/evaluation.h"
#include "reference_trainer/report/run_log.h"
#include "reference_trainer/roste/calibrate.h"
#include "reference_trainer/train/training_run.h"

namespace trainer {

// The command line's training flags for a data set of `samples`; epochs become steps.
TrainSettings train_settings(const CommandLine& line, std::int64_t samples);

// One line of log.jsonl.
nlohmann::ordered_json to_json(const StepReport& report, const std::string& stage);

// Where a stage reports to: progress on stderr, and a log if there is one.
struct StageReporting {
  std::string name;  // e.g. "roste W4A4KV4"
  RunLog* log = nullptr;
};

// Trains to the end, reporting every step.
template <Backend B>
void fine_tune(B& backend, const CommandLine& line, const StageReporting& reporting,
               std::span<const SftSample> samples, TrainingJob<B>& job) {
  const TrainSettings settings = train_settings(line, static_cast<std::int64_t>(samples.size()));
  Progress progress(progress_style(line));
  progress.begin(reporting.name, settings.max_steps, job.first_step);
  job.observer = [&](const StepReport& report) {
    progress.update(report.step + 1, report.tokens, report.loss);
    const bool due =
        (report.step + 1) % line.train.logging_steps == 0 || report.step + 1 == settings.max_steps;
    if (reporting.log != nullptr && due) reporting.log->write(to_json(report, reporting.name));
  };
  run_training<B>(backend, settings, samples, job);
  progress.finish();
}

// Line 5 of Algorithm 1: the rotations that minimise eq. (12) at the present weights.
template <Backend B>
std::pair<RotationChoice, nlohmann::json> search_rotations(B& backend, const CommandLine& line,
                                                           const QuantConfig& quant,
                                                           const Network<B>& folded,
                                                           const std::vector<SftSample>& train) {
  const auto calibration = draw_samples(train, line.rotation.calibration_samples, line.train.seed);
  const ErrorTable table =
      measure_errors<B>(backend, folded, quant, line.rotation.rotation_seed, calibration);
  const SharedSearch search = search_shared(table);
  const RotationChoice choice =
      RotationChoice::shared(search.best, folded.plan.shape, line.rotation.rotation_seed);
  return {choice, search_json(search, table, choice)};
}

}  // namespace trainer
