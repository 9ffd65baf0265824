#include "reference_trainer/study/stage_reporter.h"

#include <utility>

namespace trainer {

nlohmann::ordered_json to_json(const StepReport& r, const std::string& stage) {
  return {{"stage", stage},
          {"step", r.step + 1},
          {"loss", r.loss},
          {"grad_norm", r.gradient_norm},
          {"learning_rate", r.learning_rate},
          {"tokens", r.tokens}};
}

StageReporter::StageReporter(const Reporting& to, std::string stage, std::int64_t total,
                             std::int64_t first_step)
    : to_(to), stage_(std::move(stage)), total_(total), progress_(to.style) {
  progress_.begin(stage_, total_, first_step);
}

void StageReporter::operator()(const StepReport& r) {
  progress_.update(r.step + 1, r.tokens, r.loss);
  const bool due = (r.step + 1) % to_.logging_steps == 0 || r.step + 1 == total_;
  if (to_.log != nullptr && due) to_.log->write(to_json(r, stage_));
}

void StageReporter::finish() { progress_.finish(); }

}  // namespace trainer
