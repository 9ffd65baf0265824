#include "reference_trainer/train/settings.h"

#include <cmath>
#include <numbers>

namespace trainer {
namespace {

// Share of the peak after warm-up; progress in [0, 1).
double decay(Schedule schedule, double progress) {
  switch (schedule) {
    case Schedule::kCosine:
      return 0.5 * (1 + std::cos(std::numbers::pi * progress));
    case Schedule::kLinear:
      return 1 - progress;
    case Schedule::kConstant:
      break;
  }
  return 1;
}

}  // namespace

nlohmann::json to_json(const TrainSettings& s) {
  nlohmann::json json{{"learning_rate", s.learning_rate},
                      {"lr_scheduler_type", name_of(s.schedule)},
                      {"warmup_ratio", s.warmup_ratio},
                      {"weight_decay", s.weight_decay},
                      {"adam_beta1", s.adam_beta1},
                      {"adam_beta2", s.adam_beta2},
                      {"adam_epsilon", s.adam_epsilon},
                      {"max_grad_norm", s.max_grad_norm},
                      {"per_device_train_batch_size", s.micro_batch},
                      {"gradient_accumulation_steps", s.accumulation},
                      {"max_steps", s.max_steps},
                      {"seed", s.seed}};
  // Older checkpoints and studies do not know these.
  if (s.batching == Batching::kGroupedByLength) json["group_by_length"] = true;
  if (s.batching == Batching::kPacked) json["pack_length"] = s.pack_length;
  return json;
}

BatchSettings batch_settings(const TrainSettings& s) {
  return {s.batching, s.pack_length, s.micro_batch, s.accumulation, s.seed};
}

double learning_rate_at(const TrainSettings& s, std::int64_t step) {
  const auto total = static_cast<double>(s.max_steps);
  const double warmup = std::ceil(s.warmup_ratio * total);
  const auto at = static_cast<double>(step);
  const double share =
      at < warmup ? (at + 1) / warmup : decay(s.schedule, (at - warmup) / (total - warmup));
  return s.learning_rate * share;
}

}  // namespace trainer
