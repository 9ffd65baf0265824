#include "reference_trainer/commands/streaming.h"

#include <array>
#include <cstdio>

#include "reference_trainer/base/process.h"
#include "reference_trainer/commands/evaluation.h"
#include "reference_trainer/io/staged_directory.h"

namespace trainer {
namespace {

// Indexed by TensorKind.
constexpr std::array<const char*, kTensorKinds> kKindNames = {"embedding", "head", "linear_weight",
                                                              "bias", "norm_gain"};

std::optional<DType> dtype_of(SaveDType save) {
  if (save == SaveDType::kSource) return std::nullopt;
  if (save == SaveDType::kFloat32) return DType::kF32;
  return save == SaveDType::kBFloat16 ? DType::kBF16 : DType::kF16;
}

// One step is a megabyte of the files.
ByteProgress progress_of(Progress& progress) {
  return [&progress](std::uint64_t written, std::uint64_t) {
    progress.update(static_cast<std::int64_t>(written / 1'000'000));
  };
}

ModelMetadata metadata_of(const StreamedModel& model, const StreamTarget& target,
                          const ForwardPlan& saved) {
  const auto write_rotations = [&](const std::filesystem::path& directory) {
    if (target.turns.dense_r1)
      write_dense_rotations(directory / kDenseRotationsFile, {*target.turns.dense_r1, {}});
  };
  return {saved.shape, to_json(saved), model.files.directory(), write_rotations,
          stored_type(model, target, "model.embed_tokens.weight")};
}

RoundingError total_of(const ErrorByKind& errors) {
  RoundingError total;
  for (const RoundingError& e : errors) total.merge(e, 0);
  return total;
}

double share_of_float32(const StreamResult& r) {
  return static_cast<double>(r.peak_bytes) / static_cast<double>(r.float32_bytes);
}

}  // namespace

StreamedModel open_session(const CommandLine& line) {
  const std::filesystem::path& directory = line.model.model_name_or_path;
  require_unrotated(read_plan(directory),
                    directory);  // before tensors that a quantized model lacks
  StreamedModel model = open_streamed(directory, line.model.nonfinite);
  Tokenizer::load(directory, model.shape().vocab_size);  // it is copied: a broken one is refused
  return model;
}

StreamTarget stream_target(const CommandLine& line, const ForwardPlan& plan) {
  StreamTarget target{plan, {}, plain_form(), dtype_of(line.save.dtype)};
  target.max_shard_bytes = line.save.max_shard_size;
  return target;
}

template <Backend B>
StreamResult stream_and_save(B& backend, const CommandLine& line, const StreamedModel& model,
                             const StreamTarget& target, const ForwardPlan& saved,
                             const std::function<void(const StreamResult&)>& check) {
  StagedDirectory staged(line.output_dir);
  const std::vector<PlannedTensor> planned = planned_tensors(model, target);
  ShardedWriter files(staged.path(), planned, target.max_shard_bytes);
  Progress progress(progress_style(line));
  const std::uint64_t megabytes = std::max<std::uint64_t>(1, files.total_bytes() / 1'000'000);
  progress.begin(std::string(name_of(line.command)) + ", MB", static_cast<std::int64_t>(megabytes));
  RoundingWriter writer(backend.pool(), std::move(files), progress_of(progress));
  StreamResult result{ModelStream<B>(backend, model, target, writer).run()};
  progress.finish();
  const ModelShape& shape = target.plan.shape;
  result.dtype = coarsest_type(planned);
  result.weights = 2 + shape.layers * std::ssize(linears_of(shape));
  result.float32_bytes = 4 * static_cast<std::uint64_t>(parameter_count(shape));
  result.peak_bytes = peak_resident_bytes();
  check(result);
  write_model_files(staged.path(), metadata_of(model, target, saved));
  staged.commit();
  return result;
}

template StreamResult stream_and_save(Cpu&, const CommandLine&, const StreamedModel&,
                                      const StreamTarget&, const ForwardPlan&,
                                      const std::function<void(const StreamResult&)>&);

nlohmann::json to_json(const StreamResult& result) {
  nlohmann::json rounding;
  for (std::size_t kind = 0; kind < kTensorKinds; ++kind) {
    const RoundingError& e = result.report.rounding[kind];
    rounding[kKindNames[kind]] = {{"largest_relative", e.largest_relative},
                                  {"rms_relative", e.rms_relative()}};
  }
  return {{"save_dtype", dtype_name(result.dtype)},
          {"rounding", rounding},
          {"stored_logit_difference", result.report.stored.relative()},
          {"written_bytes", result.report.bytes},
          {"peak_resident_bytes", result.peak_bytes},
          {"share_of_float32", share_of_float32(result)}};
}

std::string summary_of(const StreamResult& result) {
  const auto bytes = static_cast<double>(result.report.bytes);
  char text[200];
  std::snprintf(text, sizeof text,
                "%.2f %s of %s, relative rounding error %.1e RMS; peak memory %.2f GiB, %.0f %% of "
                "the untied model in float32",
                bytes < 1e9 ? bytes / 1e6 : bytes / 1e9, bytes < 1e9 ? "MB" : "GB",
                dtype_name(result.dtype), total_of(result.report.rounding).rms_relative(),
                static_cast<double>(result.peak_bytes) / (1 << 30), 100 * share_of_float32(result));
  return text;
}

}  // namespace trainer
