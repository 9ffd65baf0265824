// Where a stage of work reports to: progress on stderr, and a log if there is one.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "reference_trainer/report/progress.h"
#include "reference_trainer/report/run_log.h"
#include "reference_trainer/train/step.h"

namespace trainer {

struct Reporting {
  ProgressStyle style = ProgressStyle::kSilent;
  RunLog* log = nullptr;           // or null
  std::int64_t logging_steps = 1;  // steps between its lines
};

// One line of log.jsonl.
nlohmann::ordered_json to_json(const StepReport& report, const std::string& stage);

// Hears every step of one stage, e.g. "roste W4A4KV4", of `total` steps.
class StageReporter {
 public:
  StageReporter(const Reporting& to, std::string stage, std::int64_t total,
                std::int64_t first_step = 0);
  void operator()(const StepReport& report);
  // The last line of progress stays on the screen.
  void finish();

 private:
  Reporting to_;
  std::string stage_;
  std::int64_t total_;
  Progress progress_;
};

}  // namespace trainer
