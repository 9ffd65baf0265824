// `train`: one model by one method, with checkpoints.
#include <algorithm>
#include <functional>
#include <numeric>

#include "reference_trainer/baselines/lora_files.h"
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/memory_check.h"
#include "reference_trainer/commands/search_rotations.h"
#include "reference_trainer/commands/studies.h"
#include "reference_trainer/commands/train_run.h"
#include "reference_trainer/commands/training_data.h"
#include "reference_trainer/io/directory_lock.h"
#include "reference_trainer/io/manifest.h"
#include "reference_trainer/io/staged_directory.h"
#include "reference_trainer/io/stream_hash.h"
#include "reference_trainer/report/table.h"
#include "reference_trainer/study/method_run.h"

namespace trainer {
namespace {

bool has_adapters(const CommandLine& line) {
  return line.train.method == TrainMethod::kLora || line.train.method == TrainMethod::kRolora;
}

// A new run needs a new or empty output directory, which is made once all input has been read; a
// resumed one needs a checkpoint in it (CK-12).
std::optional<FoundCheckpoint> check_output(const CommandLine& line) {
  if (line.train.start == StartFrom::kCheckpoint) return require_checkpoint(line.output_dir);
  check_output_directory(line.output_dir, line.model.model_name_or_path);
  return std::nullopt;
}

// Flags of memory that a method cannot follow.
void check_memory_flags(const CommandLine& line) {
  const QuantConfig quant = has_adapters(line) && line.adapter_base == AdapterBase::kFullPrecision
                                ? QuantConfig{}
                                : quantizers_of(line);
  const std::string method(name_of(line.train.method));
  if (line.train.gradient_checkpointing == Keep::kCodes &&
      !multiplies_codes(quant.activation, quant.weight)) {
    throw_usage({"CL-04", "--gradient_checkpointing",
                 "codes, where --method " + method + " multiplies none", "true or false",
                 "weights and activations need quantizers whose ranges contain 0"});
  }
  if (line.train.optim == MomentBits::k8 && has_adapters(line)) {
    throw_usage({"CL-04", "--optim", "adamw_8bit beside --method " + method, "adamw_torch",
                 "moments of adapters are small"});
  }
}

// Bfloat16 is for sft, ste and roste in one round: rounds turn weights in float32.
void check_param_dtype(const CommandLine& line) {
  const TrainOptions& train = line.train;
  if (train.param_dtype == ParamDType::kFloat32) {
    if (train.master_weights == MasterWeights::kFloat32) return;
    throw_usage({"CL-04", "--master_weights", "none beside --param_dtype float32", "one of the two",
                 "parameters in float32 are their own masters"});
  }
  if (train.method == TrainMethod::kLlmQat || has_adapters(line)) {
    throw_usage({"CL-04", "--param_dtype",
                 "bfloat16 beside --method " + std::string(name_of(train.method)), "float32",
                 "bfloat16 is for sft, ste and roste"});
  }
  if (line.outer_rounds > 1) {
    throw_usage({"CL-04", "--param_dtype",
                 "bfloat16 beside --outer_rounds " + std::to_string(line.outer_rounds), "float32",
                 "a round that changes rotations turns weights in float32"});
  }
}

// Tokens of the longest forward pass that the samples can give.
std::int64_t longest_batch(const BatchSettings& batches, const SampleView& samples) {
  std::vector<std::int64_t> lengths;
  for (std::int64_t i = 0; i < samples.size(); ++i) lengths.push_back(samples.length(i));
  std::ranges::sort(lengths, std::greater());
  const auto batch = std::min(lengths.size(), static_cast<std::size_t>(batches.micro_batch));
  if (batches.batching == Batching::kPacked)
    return std::min(batches.micro_batch * batches.pack_length,
                    std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0}));
  return std::accumulate(lengths.begin(), lengths.begin() + static_cast<std::ptrdiff_t>(batch),
                         std::int64_t{0});
}

// XXH3-128 of everything that training reads from the samples.
std::string hash_of_samples(const SampleView& samples) {
  StreamHash hash;
  SftSample buffer;
  std::vector<TokenId> all;
  for (std::int64_t i = 0; i < samples.size(); ++i) {
    const SftSample& s = samples.at(i, buffer);
    all.assign(1, static_cast<TokenId>(s.tokens.size()));
    all.insert(all.end(), s.tokens.begin(), s.tokens.end());
    all.insert(all.end(), s.target.begin(), s.target.end());
    hash.add(std::as_bytes(std::span(all)));
  }
  return hash.text();
}

// Of --method what no other method has. Checkpoints of adapters do not hold the base, and those of
// LLM-QAT not the teacher: it must be the same model.
template <Backend B>
void add_method_settings(B& backend, const CommandLine& line, Session<B>& session,
                         nlohmann::json& settings) {
  const LlmQatSettings& texts = line.llm_qat;
  const bool distills = line.train.method == TrainMethod::kLlmQat;
  if (distills)
    settings["llm_qat"] = {{"sequences", texts.sequences}, {"max_length", texts.max_length}};
  if (has_adapters(line)) {
    const LoraSettings& lora = line.adapters.lora;
    nlohmann::json targets;
    for (const Linear l : lora.targets) targets.push_back(linear_name(l));
    settings["adapters"] = {{"r", lora.rank},
                            {"alpha", lora.alpha},
                            {"targets", targets},
                            {"base", static_cast<int>(line.adapter_base)}};
  }
  if (distills || has_adapters(line))
    settings["model_xxh3_128"] = hash_of(backend, session.network.parameters);
}

// What a resumed run must share with the one it continues, but for the rotations.
nlohmann::json resume_settings(const CommandLine& line, const SampleView& train,
                               std::int64_t units) {
  nlohmann::json settings = to_json(method_training(line, units));
  settings["method"] = name_of(line.train.method);
  settings["quantization"] = to_json(quantizers_of(line));
  settings["training_samples"] = {{"count", train.size()}, {"xxh3_128", hash_of_samples(train)}};
  settings["rotations_flag"] = line.rotation.rotations;
  settings["optim"] = static_cast<int>(line.train.optim);
  if (line.train.param_dtype == ParamDType::kBFloat16) {  // older checkpoints do not know these
    settings["param_dtype"] = "bfloat16";
    settings["master_weights"] = static_cast<int>(line.train.master_weights);
  }
  settings["rotation_seed"] = line.rotation.rotation_seed;
  settings["calibration_samples"] = line.rotation.calibration_samples;
  settings["calibration_order"] = static_cast<int>(line.rotation.calibration_order);
  settings["search_quantizers"] = static_cast<int>(line.search_quantizers);
  const Algorithm1Settings a = algorithm1_settings(line);
  settings["algorithm1"] = {{"rounds", a.rounds},
                            {"search_mode", name_of(a.search.mode)},
                            {"objective", name_of(a.search.objective)},
                            {"online_signs", name_of(a.online_signs)},
                            {"moments", name_of(a.moments)},
                            {"weights", static_cast<int>(a.weights)},
                            {"norm_gains", static_cast<int>(a.norm_gains)}};
  return settings;
}

// Line 5 of Algorithm 1, or what --rotations says, with a record of it for rotation.json.
template <Backend B>
std::pair<RotationChoice, nlohmann::json> decide_rotations(
    B& backend, const CommandLine& line, const Session<B>& session,
    const std::vector<SftSample>& calibration) {
  const auto given = chosen_rotations(line, session.shape());
  const TrainMethod method = line.train.method;
  if (method == TrainMethod::kRoste && !given) {
    const SearchedRotations found =
        search_rotations<B>(backend, line, session.network, calibration);
    return {found.choice, found.record};
  }
  const unsigned usual = method == TrainMethod::kRolora ? kRoloraRotations : kNowhere;
  const RotationChoice choice =
      given.value_or(shared_rotations(line, RotationMask(usual), session.shape()));
  return {choice, {{"rotation", to_json(choice)}}};
}

// The rotations of a run: those of its checkpoint, without a record, if it is resumed.
template <Backend B>
std::pair<RotationChoice, nlohmann::json> rotations_of_run(
    B& backend, const CommandLine& line, const Session<B>& session,
    const std::vector<SftSample>& calibration, const std::optional<FoundCheckpoint>& found) {
  if (!found) return decide_rotations(backend, line, session, calibration);
  return {rotation_choice_from_json(
              session.shape(), found->info.settings.value("rotation", nlohmann::json()),
              (found->directory / kManifestFile).string() + ":/body/settings/rotation"),
          {}};
}

// The first file of a new run, which holds the lock: another one may have been faster.
void begin_run(const CommandLine& line, const ModelShape& shape, const RotationChoice& choice,
               const nlohmann::json& record) {
  check_output_directory(line.output_dir, line.model.model_name_or_path);
  write_file_atomically(line.output_dir / "rotation.json", record.dump(2) + "\n");
  say(line, "rotations R1 R2 R3 R4: " + rotations_text(choice));
  say_rotation_notes(line, shape, choice);
}

template <Backend B>
void report_result(B& backend, const CommandLine& line, const Session<B>& session,
                   const std::vector<SftSample>& eval) {
  const Evaluation e = evaluate_samples<B>(backend, line, session.network, session.tokenizer, eval);
  nlohmann::ordered_json result{{"method", name_of(line.train.method)}};
  result.update(to_json(e));
  write_file_atomically(line.output_dir / "eval.json", result.dump(2) + "\n");
  say(line, "model: " + (line.output_dir / "model").string());
  print_result(line.format == ResultFormat::kJson ? result.dump() : evaluation_table(e, nullptr));
}

template <Backend B>
void train_method(B& backend, TrainRun<B>& run) {
  switch (run.line.train.method) {
    case TrainMethod::kSft:
    case TrainMethod::kSte:
    case TrainMethod::kRoste:
      return train_rounds(backend, run);
    case TrainMethod::kLlmQat:
      return train_on_own_text(backend, run);
    case TrainMethod::kLora:
    case TrainMethod::kRolora:
      return train_adapters(backend, run);
  }
}

}  // namespace

TrainSettings method_training(const CommandLine& line, std::int64_t units) {
  if (has_adapters(line)) return adapter_training(study_settings(line, units));
  if (line.train.method == TrainMethod::kLlmQat)
    return llm_qat_training(study_settings(line, units));
  return train_settings(line, units);
}

QuantConfig quantizers_of(const CommandLine& line) {
  return line.train.method == TrainMethod::kSft ? QuantConfig{} : line.quant;
}

template <Backend B>
void train_command(B& backend, const CommandLine& line) {
  check_memory_flags(line);
  check_param_dtype(line);
  const std::optional<FoundCheckpoint> found = check_output(line);
  require_memory_to_train(line, read_model_shape(line.model.model_name_or_path), 0);
  Session<B> session = load_session(backend, line);
  fold_for_quantization(backend, session);
  if (has_adapters(line)) require_targets(line.adapters.lora, session.shape());
  const TrainingData data = load_training_data(line, session.tokenizer, session.shape());
  const SampleView samples = data.training();
  const BatchSettings batches = batch_settings(train_settings(line, samples.size()));
  const std::int64_t units = BatchPlan(samples, batches).units();
  say_packs(line, samples, units);
  const std::int64_t batch_tokens = longest_batch(batches, samples);
  require_memory_to_train(line, session.shape(), batch_tokens);
  say(line, "memory: " + memory_text(need_of_training(line, session.shape(), batch_tokens)));
  nlohmann::json settings = resume_settings(line, samples, units);
  add_method_settings(backend, line, session, settings);
  const std::vector<SftSample> calibration = calibration_samples(line, samples);
  const auto [choice, record] = rotations_of_run(backend, line, session, calibration, found);
  settings["rotation"] = to_json(choice);
  // A resumed run that does not say --rotations means those it began with.
  if (found && line.rotation.rotations.empty())
    settings["rotations_flag"] = found->info.settings["rotations_flag"];
  make_directory(line.output_dir);
  const DirectoryLock lock(line.output_dir);
  if (found)
    check_same_settings(*found, settings);
  else
    begin_run(line, session.shape(), choice, record);
  TrainRun<B> run{line, session, samples, units, calibration, choice, found, settings};
  train_method(backend, run);
  // A finished run that is resumed has its model already: it appeared complete or not at all.
  if (!std::filesystem::exists(line.output_dir / "model")) {
    save_session(backend, session, line.output_dir / "model");
  }
  report_result(backend, line, session, data.eval);
}

template void train_command(Cpu&, const CommandLine&);

}  // namespace trainer
