// Fig. 3: the quantization error of the model while it is trained.
#pragma once

#include <span>
#include <vector>

#include "reference_trainer/roste/measure_objective.h"
#include "reference_trainer/train/training_run.h"

namespace trainer {

struct ObjectivePoint {
  std::int64_t steps_done = 0;
  ObjectiveValue value;
};

// Watches a run: measures the objective (12) of its network, under the plan in force, after every
// `every` steps. Reads the network only. What it refers to must outlive the run.
template <Backend B>
class ObjectiveTrace {
 public:
  // every >= 1.
  ObjectiveTrace(B& backend, const Network<B>& network, std::span<const SftSample> samples,
                 std::int64_t every)
      : backend_(backend), network_(network), samples_(samples), every_(every) {}

  // Also before the first step, with 0 steps done.
  void measure(std::int64_t steps_done) {
    points_.push_back({steps_done, measure_objective(backend_, network_, samples_)});
  }

  // For StepObserver.
  void operator()(const StepReport& report) {
    if ((report.step + 1) % every_ == 0) measure(report.step + 1);
  }

  const std::vector<ObjectivePoint>& points() const { return points_; }

 private:
  B& backend_;
  const Network<B>& network_;
  std::span<const SftSample> samples_;
  std::int64_t every_;
  std::vector<ObjectivePoint> points_;
};

}  // namespace trainer
