#include "reference_trainer/commands/fine_tuning.h"

#include <cmath>

namespace trainer {
TrainSettings train_settings(const CommandLine& line, std::int64_t samples) {
  const TrainOptions& o = line.train;
  TrainSettings s;
  s.learning_rate = o.learning_rate;
  s.schedule = o.lr_scheduler_type;
  s.warmup_ratio = o.warmup_ratio;
  s.weight_decay = o.weight_decay;
  s.adam_beta1 = o.adam_beta1;
  s.adam_beta2 = o.adam_beta2;
  s.adam_epsilon = o.adam_epsilon;
  s.max_grad_norm = o.max_grad_norm;
  s.micro_batch = o.per_device_train_batch_size;
  s.accumulation = o.gradient_accumulation_steps;
  s.seed = o.seed;
  const double per_step = static_cast<double>(s.micro_batch * s.accumulation);
  const double epochs = o.num_train_epochs * static_cast<double>(samples) / per_step;
  s.max_steps = o.max_steps > 0 ? o.max_steps : static_cast<std::int64_t>(std::ceil(epochs));
  return s;
}

nlohmann::ordered_json to_json(const StepReport& r, const std::string& stage) {
  return {{"stage", stage},
          {"step", r.step + 1},
          {"loss", r.loss},
          {"grad_norm", r.gradient_norm},
          {"learning_rate", r.learning_rate},
          {"tokens", r.tokens}};
}

}  // namespace trainer
