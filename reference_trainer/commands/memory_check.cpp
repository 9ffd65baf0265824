#include "reference_trainer/commands/memory_check.h"

#include "reference_trainer/base/error.h"
#include "reference_trainer/base/process.h"
#include "reference_trainer/commands/train_run.h"

namespace trainer {
namespace {

// Bits of the codes that weights are stored as; 0 where they are not. What is wrong with the file
// is said by those who read all of it: a plan has as many rotations as the file claims layers.
int code_bits(const nlohmann::json& roste) {
  using Pointer = nlohmann::json::json_pointer;
  if (!roste.is_object() || roste.value("weights", nlohmann::json()) != "codes") return 0;
  const nlohmann::json bits = roste.value(Pointer("/quantization/weight/bits"), nlohmann::json());
  return bits.is_number_integer() ? bits.get<int>() : 0;
}

}  // namespace

void require_memory(const MemoryNeed& need, std::uint64_t available,
                    const std::filesystem::path& model, const std::string& hint) {
  if (need.total() <= static_cast<double>(available)) return;
  throw Error(ExitCode::kIo, {"CF-08", (model / "config.json").string(), memory_text(need),
                              "at most " + gibibytes(static_cast<double>(available)) +
                                  ", the memory that is available",
                              hint});
}

void require_memory_to_load(const ModelOptions& model) {
  const std::filesystem::path& directory = model.model_name_or_path;
  const ModelShape shape = read_model_shape(directory);
  const int bits = model.engine == Engine::kFloat ? 0 : code_bits(read_roste_json(directory));
  require_memory(bits > 0 ? loading_memory_of_codes(shape, bits) : loading_memory(shape),
                 available_bytes(), directory, "this command holds the whole model");
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
  load.param_dtype = line.train.param_dtype;
  load.masters = line.train.master_weights;
  load.effective = line.train.effective_weights;
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
  require_memory(
      need, available, line.model.model_name_or_path,
      "less: --optim adamw_8bit, --gradient_checkpointing true, --effective_weights codes, "
      "--param_dtype bfloat16 --master_weights none, a smaller "
      "--per_device_train_batch_size or --max_length");
}

}  // namespace trainer
