// What every method is given and what all of them share.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "reference_trainer/baselines/gptq.h"
#include "reference_trainer/baselines/llm_qat.h"
#include "reference_trainer/study/cell_result.h"
#include "reference_trainer/study/stage_reporter.h"
#include "reference_trainer/study/start_model.h"
#include "reference_trainer/study/study_settings.h"
#include "reference_trainer/train/objective_trace.h"

namespace trainer {

// RotationMask::bits(): R1 is the lowest.
inline constexpr unsigned kNowhere = 0b0000, kEverywhere = 0b1111;
inline constexpr unsigned kRoloraRotations = 0b1001;  // R1 and R4, as RoLoRA's --rotate_down_proj

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

  // For progress and log, e.g. "roste W4A4KV4 s0".
  std::string stage() const {
    const bool full = facts_of(cell.method).precision == Precision::kFull;
    return method_word(cell) + (full ? "" : " " + setting_name(cell.quant)) + " s" +
           std::to_string(cell.seed);
  }
  RotationChoice shared(unsigned mask) const {
    return RotationChoice::shared(RotationMask(mask), start.plan.shape, settings.rotation_seed);
  }
};

// Everything of `settings` on which the result of the cell depends.
nlohmann::json method_key(const Cell& cell, const StudySettings& settings);

TrainSettings llm_qat_training(const StudySettings& settings);
LoraSettings adapter_settings(const StudySettings& settings);
TrainSettings adapter_training(const StudySettings& settings);
SampleSettings llm_qat_data(const StudySettings& settings, const ModelShape& shape);

nlohmann::ordered_json round_json(const Algorithm1Round& round);
nlohmann::ordered_json report_json(const GptqReport& report);
nlohmann::ordered_json report_json(const LlmQatReport& report);

// Hears the steps of a fine-tuning: progress, log, and the objective (12) now and then.
template <Backend B>
class Watch {
 public:
  Watch(const MethodRun<B>& run, const Network<B>& network)
      : reporter_(run.reporting, run.stage(), run.settings.training.max_steps) {
    const std::int64_t points = run.settings.objective_points;
    if (points == 0 || facts_of(run.cell.method).precision == Precision::kFull) return;
    every_ = std::max<std::int64_t>(1, run.settings.training.max_steps / points);
    trace_.emplace(run.backend, network, run.start.data.calibration, every_);
  }

  void operator()(const StepReport& report) {
    // The plan is in force from here on.
    if (trace_ && report.step == 0 && every_ > 1) trace_->measure(1);
    if (trace_) (*trace_)(report);
    reporter_(report);
  }

  void finish(nlohmann::ordered_json& record) {
    reporter_.finish();
    if (!trace_) return;
    for (const ObjectivePoint& p : trace_->points()) {
      record["objective"].push_back(
          {{"step", p.steps_done}, {"absolute", p.value.absolute}, {"relative", p.value.relative}});
    }
  }

 private:
  StageReporter reporter_;
  std::int64_t every_ = 1;  // steps between two points
  std::optional<ObjectiveTrace<B>> trace_;
};

// Losses on validation and test samples, and ROUGE on test; parts without samples stay as they are.
template <Backend B>
void evaluate_cell(const MethodRun<B>& run, const Network<B>& network, CellResult& result) {
  const auto batch = static_cast<std::size_t>(run.settings.batch_size);
  const StudyData& data = run.start.data;
  if (!data.validation.empty()) {
    const LossSum sum = dataset_loss<B>(run.backend, network, data.validation, batch, {});
    result.validation_loss = sum.negative_log_likelihood / static_cast<double>(sum.targets);
  }
  if (data.test.empty()) return;
  Progress progress(run.reporting.style);
  progress.begin("evaluate " + run.stage(), static_cast<std::int64_t>(2 * data.test.size()));
  const EvaluationSettings settings{
      {run.settings.max_new_tokens, run.start.plan.shape.eos_token_ids},
      batch,
      [&](std::size_t done, std::size_t) { progress.update(static_cast<std::int64_t>(done)); },
      run.settings.rouge_stemmer};
  set_scores(evaluate<B>(run.backend, network, run.start.tokenizer, data.test, settings), result);
  progress.finish();
}

}  // namespace trainer
