#include "reference_trainer/study/cost.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace trainer {
namespace {

// In forward passes of a training batch: a backward pass costs two.
constexpr double kForward = 1.0 / 3;
// Greedy generation of an evaluation, in forward passes over the same samples: the prompt once, and
// small batches of single tokens that use the machine badly.
constexpr double kGeneration = 4;

double evaluation_steps(const Workload& w) {
  return static_cast<double>(w.evaluation_batches) * kForward * (1 + kGeneration);
}

double training_steps(const Cell& cell, const Workload& w) {
  const double steps = static_cast<double>(w.training_steps);
  const double calibration = static_cast<double>(w.calibration_batches) * kForward;
  switch (cell.method) {
    case Method::kBase:
    case Method::kRtn:
    case Method::kQuarotRtn:
      return 0;
    case Method::kSft:
    case Method::kSte:
    case Method::kComplete:
      return steps;
    case Method::kRoste:
    case Method::kRostePerLayer:
      return steps + 2 * calibration * cell.rounds;  // every site is measured twice
    case Method::kGptq:
    case Method::kQuarotGptq:
      return 4 * calibration;  // four groups of linear layers see their inputs one after the other
    case Method::kSpinquant:
      return w.spinquant_steps + 4 * calibration;  // its own steps, then GPTQ
    case Method::kLlmQat:
      return steps * (1 + kForward);  // the teacher's forward pass
    case Method::kLora:
    case Method::kRolora:
      return steps;
  }
  return 0;
}

// Bytes of float32 parameters: embedding, head, and 4 attention and up to 3 MLP matrices a layer.
double parameter_bytes(const ModelShape& s) {
  const double d = static_cast<double>(s.hidden_size);
  const double attention = d * static_cast<double>(2 * s.query_width() + 2 * s.kv_width());
  const double mlp = 3 * d * static_cast<double>(s.intermediate_size);
  return 4 * (2 * static_cast<double>(s.vocab_size) * d +
              static_cast<double>(s.layers) * (attention + mlp));
}

// What a training step keeps for its backward pass, see model/activations.h.
double activation_bytes(const ModelShape& s, std::int64_t tokens) {
  const double per_layer = static_cast<double>(4 * s.hidden_size + 2 * s.query_width() +
                                               2 * s.kv_width() + 3 * s.intermediate_size);
  return 4 * static_cast<double>(tokens) *
         (static_cast<double>(s.layers) * per_layer + static_cast<double>(6 * s.hidden_size));
}

std::string time_text(double seconds) {
  char text[64];
  const auto minutes = static_cast<long>(std::lround(seconds / 60));
  if (seconds < 90) {
    std::snprintf(text, sizeof text, "%.0f s", seconds);
  } else if (minutes < 90) {
    std::snprintf(text, sizeof text, "%ld min", minutes);
  } else {
    std::snprintf(text, sizeof text, "%ld h %02ld min", minutes / 60, minutes % 60);
  }
  return text;
}

}  // namespace

double steps_of(const Cell& cell, const Workload& work) {
  return training_steps(cell, work) + evaluation_steps(work);
}

Cost cost_of(const std::vector<Cell>& runs, std::size_t base_models, const ModelShape& shape,
             const Workload& work) {
  double steps = static_cast<double>(base_models) * static_cast<double>(work.pretraining_steps);
  for (const Cell& cell : runs) steps += steps_of(cell, work);
  // Base and SFT on the host; weights, effective weights, gradients and two moments of the model
  // that is trained.
  constexpr double kCopies = 2 + 5;
  return {steps * work.seconds_per_step,
          kCopies * parameter_bytes(shape) + activation_bytes(shape, work.batch_tokens)};
}

std::string cost_text(const Cost& cost) {
  char memory[32];
  if (cost.bytes < 1e9) {
    std::snprintf(memory, sizeof memory, "%.0f MB", std::max(1.0, cost.bytes / 1e6));
  } else {
    std::snprintf(memory, sizeof memory, "%.1f GB", cost.bytes / 1e9);
  }
  return "about " + time_text(cost.seconds) + ", " + memory + " of memory";
}

}  // namespace trainer
