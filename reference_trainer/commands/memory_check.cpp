#include "reference_trainer/commands/memory_check.h"

#include "reference_trainer/base/error.h"
#include "reference_trainer/base/process.h"
#include "reference_trainer/commands/train_run.h"

namespace trainer {

void require_memory(const MemoryNeed& need, std::uint64_t available,
                    const std::filesystem::path& model, const std::string& hint) {
  if (need.total() <= static_cast<double>(available)) return;
  throw Error(ExitCode::kIo, {"CF-08", (model / "config.json").string(), memory_text(need),
                              "at most " + gibibytes(static_cast<double>(available)) +
                                  ", the memory that is available",
                              hint});
}

void require_memory_to_load(const std::filesystem::path& directory) {
  require_memory(loading_memory(read_model_shape(directory)), available_bytes(), directory,
                 "this command holds the whole model as float32");
}

MemoryNeed need_of_training(const CommandLine& line, const ModelShape& shape,
                            std::int64_t batch_tokens) {
  const TrainMethod method = line.train.method;
  const bool adapters = method == TrainMethod::kLora || method == TrainMethod::kRolora;
  const bool plain_base = adapters && line.adapter_base == AdapterBase::kFullPrecision;
  TrainingLoad load;
  load.shape = shape;
  load.quant = plain_base ? QuantConfig{} : quantizers_of(line);
  load.keep = line.train.gradient_checkpointing;
  load.moments = line.train.optim;
  load.trained = adapters ? Trained::kAdapters : Trained::kEverything;
  load.copies = method == TrainMethod::kLlmQat ? 2 : 1;
  load.batch_tokens = batch_tokens;
  return training_memory(load);
}

void require_memory_to_train(const CommandLine& line, const ModelShape& shape,
                             std::int64_t batch_tokens) {
  const MemoryNeed need = need_of_training(line, shape, batch_tokens);
  // Once there are batches, the weights are there too, and no longer available.
  const double held = batch_tokens > 0 ? loading_memory(shape).total() : 0;
  const auto available = available_bytes() + static_cast<std::uint64_t>(held);
  require_memory(need, available, line.model.model_name_or_path,
                 "less: --optim adamw_8bit, --gradient_checkpointing true, a smaller "
                 "--per_device_train_batch_size or --max_length");
}

}  // namespace trainer
