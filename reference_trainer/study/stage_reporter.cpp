#include "reference_trainer/study/stage_reporter.h"

#include <chrono>
#include <utility>

namespace trainer {

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

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
  if (due) write(r);
}

void StageReporter::write(const StepReport& r) {
  if (to_.log != nullptr) to_.log->write(to_json(r, stage_));
  if (to_.events == nullptr) return;
  const double now = seconds_since_1970();
  to_.events->add_scalar(stage_ + "/loss", r.step + 1, r.loss, now);
  to_.events->add_scalar(stage_ + "/grad_norm", r.step + 1, r.gradient_norm, now);
  to_.events->add_scalar(stage_ + "/learning_rate", r.step + 1, r.learning_rate, now);
}

void StageReporter::finish() { progress_.finish(); }

}  // namespace trainer
