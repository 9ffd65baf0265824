#include "reference_trainer/commands/fine_tuning.h"

#include <cmath>
#include <ctime>

#include "reference_trainer/base/process.h"

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
  if (line.data.length_groups != LengthGroups::kNone) s.batching = Batching::kGroupedByLength;
  if (line.data.packing != Packing::kNone) s.batching = Batching::kPacked;
  s.pack_length = line.data.reading.max_length;
  const double per_step = static_cast<double>(s.micro_batch * s.accumulation);
  const double epochs = o.num_train_epochs * static_cast<double>(samples) / per_step;
  s.max_steps = o.max_steps > 0 ? o.max_steps : static_cast<std::int64_t>(std::ceil(epochs));
  return s;
}

Algorithm1Settings algorithm1_settings(const CommandLine& line) {
  Algorithm1Settings s;
  s.rounds = line.outer_rounds;
  s.quant = line.quant;
  s.search = line.search;
  s.rotation_seed = line.rotation.rotation_seed;
  s.online_signs = line.online_signs;
  s.moments = line.moments;
  s.weights = line.train_basis == TrainBasis::kMerged ? WeightForm::kMerged : WeightForm::kMaster;
  s.norm_gains =
      line.train_norms == TrainNorms::kTrained ? NormGains::kFoldedTrained : NormGains::kFolded;
  return s;
}

RunInfo run_info(const CommandLine& line) {
  RunInfo run;
  run.title = "RoSTE and the methods of its tables";
  run.command = line.typed;
  run.version = kProgramVersion;
  run.machine = processor_name() + ", " + std::to_string(line.threads) + " threads";
  const std::time_t now = std::time(nullptr);
  char started[32];
  std::strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  run.started = started;
  run.seeds = "from " + std::to_string(line.train.seed);
  return run;
}

Reporting reporting_of(const CommandLine& line, RunLog* log, TensorBoardLog* events) {
  return {progress_style(line), log, events, line.train.logging_steps};
}

std::optional<TensorBoardLog> event_file_of(const CommandLine& line) {
  if (line.train.events == EventFiles::kNone) return std::nullopt;
  return std::optional<TensorBoardLog>(std::in_place, line.output_dir, seconds_since_1970());
}

}  // namespace trainer
