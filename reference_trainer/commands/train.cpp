// `train --method sft|ste|roste`: Algorithm 1 with K = 1, and its two special cases.
#include "reference_trainer/base/error.h"
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/fine_tuning.h"
#include "reference_trainer/io/directory_lock.h"
#include "reference_trainer/io/manifest.h"
#include "reference_trainer/io/staged_directory.h"
#include "reference_trainer/report/number_text.h"
#include "reference_trainer/report/table.h"

namespace trainer {
namespace {

// A new run needs a new or empty output directory, which is made once all input has been read; a
// resumed one needs a checkpoint in it (CK-12).
std::optional<FoundCheckpoint> check_output(const CommandLine& line) {
  if (line.train.start == StartFrom::kCheckpoint) return require_checkpoint(line.output_dir);
  check_output_directory(line.output_dir, line.model.model_name_or_path);
  return std::nullopt;
}

QuantConfig quantizers_of(const CommandLine& line) {
  return line.train.method == TrainMethod::kSft ? QuantConfig{} : line.quant;
}

// XXH3-128 of everything that training reads from the samples.
std::string hash_of(const std::vector<SftSample>& samples) {
  std::vector<TokenId> all;
  for (const SftSample& s : samples) {
    all.push_back(static_cast<TokenId>(s.tokens.size()));
    all.insert(all.end(), s.tokens.begin(), s.tokens.end());
    all.insert(all.end(), s.target.begin(), s.target.end());
  }
  return hash_bytes(std::as_bytes(std::span(all)));
}

// What a resumed run must share with the one it continues, but for the rotations.
nlohmann::json resume_settings(const CommandLine& line, const std::vector<SftSample>& train) {
  nlohmann::json settings = to_json(train_settings(line, static_cast<std::int64_t>(train.size())));
  settings["method"] = name_of(line.train.method);
  settings["quantization"] = to_json(quantizers_of(line));
  settings["training_samples"] = {{"count", train.size()}, {"xxh3_128", hash_of(train)}};
  settings["rotations_flag"] = line.rotation.rotations;
  settings["rotation_seed"] = line.rotation.rotation_seed;
  settings["calibration_samples"] = line.rotation.calibration_samples;
  return settings;
}

// Line 5 of Algorithm 1, or what --rotations says, with a record of it for rotation.json.
template <Backend B>
std::pair<RotationChoice, nlohmann::json> decide_rotations(B& backend, const CommandLine& line,
                                                           const Session<B>& session,
                                                           const std::vector<SftSample>& train) {
  const auto given = chosen_rotations(line, session.shape());
  if (line.train.method == TrainMethod::kRoste && !given) {
    return search_rotations(backend, line, line.quant, session.network, train);
  }
  const RotationChoice choice = given.value_or(
      RotationChoice::shared(RotationMask(), session.shape(), line.rotation.rotation_seed));
  return {choice, {{"rotation", to_json(choice)}}};
}

// The rotations of a run: those of its checkpoint if it is resumed.
template <Backend B>
RotationChoice rotations_of_run(B& backend, const CommandLine& line, const Session<B>& session,
                                const std::vector<SftSample>& train,
                                const std::optional<FoundCheckpoint>& found) {
  if (found) {
    return rotation_choice_from_json(
        session.shape(), found->info.settings.value("rotation", nlohmann::json()),
        (found->directory / kManifestFile).string() + ":/body/settings/rotation");
  }
  const auto [choice, record] = decide_rotations(backend, line, session, train);
  make_directory(line.output_dir);
  write_file_atomically(line.output_dir / "rotation.json", record.dump(2) + "\n");
  say(line, "rotations R1 R2 R3 R4: " + choice.layers.at(0).text());
  say_rotation_notes(line, session.shape(), choice);
  return choice;
}

template <Backend B>
void resume(B& backend, const CommandLine& line, const FoundCheckpoint& found,
            TrainingJob<B>& job) {
  for (const std::string& why : found.skipped) say(line, "skipped " + why);
  job.first_step = restore_checkpoint(backend, found, job.network, job.state);
  say(line, "resuming after step " + std::to_string(job.first_step));
}

template <Backend B>
void report_result(B& backend, const CommandLine& line, const Session<B>& session,
                   const std::vector<SftSample>& eval) {
  const Evaluation e = evaluate_samples<B>(backend, line, session.network, session.tokenizer, eval);
  nlohmann::ordered_json result{{"method", name_of(line.train.method)}};
  result.update(to_json(e));
  write_file_atomically(line.output_dir / "eval.json", result.dump(2) + "\n");
  say(line, "model: " + (line.output_dir / "model").string());
  print_result(line.format == ResultFormat::kJson ? result.dump() : evaluation_table(e));
}

}  // namespace

template <Backend B>
void train_command(B& backend, const CommandLine& line) {
  const std::optional<FoundCheckpoint> found = check_output(line);
  Session<B> session = load_session(backend, line);
  fold_for_quantization(backend, session);
  const DataSplits data = load_splits(line, session.tokenizer, session.shape());
  nlohmann::json settings = resume_settings(line, data.train);
  const RotationChoice choice = rotations_of_run(backend, line, session, data.train, found);
  settings["rotation"] = to_json(choice);
  // A resumed run that does not say --rotations means those it began with.
  if (found && line.rotation.rotations.empty())
    settings["rotations_flag"] = found->info.settings["rotations_flag"];
  const DirectoryLock lock(line.output_dir);
  if (found) check_same_settings(*found, settings);
  apply_plan(backend, quantizers_of(line), choice, session.network);

  TrainingState<B> state(backend, session.network);
  TrainingJob<B> job{session.network, state};
  job.checkpoints = {line.output_dir, line.train.save_steps,
                     static_cast<int>(line.train.save_total_limit), settings};
  if (found) resume(backend, line, *found, job);
  RunLog log(line.output_dir);
  fine_tune<B>(backend, line, {std::string(name_of(line.train.method)), &log}, data.train, job);
  // A finished run that is resumed has its model already: it appeared complete or not at all.
  if (!std::filesystem::exists(line.output_dir / "model")) {
    save_session(backend, session, line.output_dir / "model");
  }
  report_result(backend, line, session, data.eval);
}

template void train_command(Cpu&, const CommandLine&);

}  // namespace trainer
