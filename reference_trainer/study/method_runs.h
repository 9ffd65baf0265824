// Every method as a function from a start to a network that can be evaluated.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reference_trainer/eval/evaluate.h"
#include "reference_trainer/study/cell_result.h"
#include "reference_trainer/study/stage_reporter.h"
#include "reference_trainer/study/start_model.h"
#include "reference_trainer/study/study_settings.h"
#include "reference_trainer/train/training_run.h"

namespace trainer {

// One cell under way.
template <Backend B>
struct MethodRun {
  B& backend;
  const StudySettings& settings;  // with the cell's seed in it
  const StartModel& start;
  const HostParameters& from;  // base or fine-tuned weights, folded and unrotated
  const Cell& cell;
  Reporting reporting;
  nlohmann::ordered_json record;  // what the method tells about itself; to record.json

  std::string stage() const {
    const bool full = facts_of(cell.method).precision == Precision::kFull;
    return method_word(cell) + (full ? "" : " " + setting_name(cell.quant)) + " s" +
           std::to_string(cell.seed);
  }
  RotationChoice shared(unsigned mask) const {
    return RotationChoice::shared(RotationMask(mask), start.plan.shape, settings.rotation_seed);
  }
};

inline constexpr unsigned kNowhere = 0, kEverywhere = 15;

// The settings of a cell's method, for its key.
nlohmann::json method_key(const Cell& cell, const StudySettings& settings);

// Steps of fine-tuning on the completions of the training samples.
template <Backend B>
void fine_tune(MethodRun<B>& run, Network<B>& network) {
  TrainingState<B> state(run.backend, network);
  TrainingJob<B> job{network, state};
  StageReporter reporter(run.reporting, run.stage(), run.settings.training.max_steps);
  job.observer = [&](const StepReport& report) { reporter(report); };
  run_training<B>(run.backend, run.settings.training, run.start.data.train, job);
  reporter.finish();
}

template <Backend B>
Network<B> fine_tuned_network(MethodRun<B>& run, const RotationChoice& choice) {
  Network<B> network = network_of(run.backend, run.start, run.from, run.cell.quant, choice);
  fine_tune(run, network);
  return network;
}

}  // namespace trainer
