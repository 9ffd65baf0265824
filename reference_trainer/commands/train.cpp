// `train --method sft|ste|roste`: Algorithm 1 with K = 1, and its two special cases.
#include "reference_trainer/base/error.h"
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/fine_tuning.h"
#include "reference_trainer/commands/search_rotations.h"
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
  if (line.train.method == TrainMethod::kRoste && !given) {
    const SearchedRotations found =
        search_rotations<B>(backend, line, session.network, calibration);
    return {found.choice, found.record};
  }
  const RotationChoice choice = given.value_or(
      RotationChoice::shared(RotationMask(), session.shape(), line.rotation.rotation_seed));
  return {choice, {{"rotation", to_json(choice)}}};
}

// The rotations of a run: those of its checkpoint if it is resumed.
template <Backend B>
RotationChoice rotations_of_run(B& backend, const CommandLine& line, const Session<B>& session,
                                const std::vector<SftSample>& calibration,
                                const std::optional<FoundCheckpoint>& found) {
  if (found) {
    return rotation_choice_from_json(
        session.shape(), found->info.settings.value("rotation", nlohmann::json()),
        (found->directory / kManifestFile).string() + ":/body/settings/rotation");
  }
  const auto [choice, record] = decide_rotations(backend, line, session, calibration);
  make_directory(line.output_dir);
  write_file_atomically(line.output_dir / "rotation.json", record.dump(2) + "\n");
  say(line, "rotations R1 R2 R3 R4: " + rotations_text(choice));
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
  print_result(line.format == ResultFormat::kJson ? result.dump() : evaluation_table(e, nullptr));
}

// Algorithm 1 from a network under its plan. Methods that do not search have one round.
Algorithm1Settings algorithm1_of(const CommandLine& line) {
  Algorithm1Settings settings = algorithm1_settings(line);
  settings.quant = quantizers_of(line);
  settings.first_round = FirstRound::kInForce;
  const bool searches = line.train.method == TrainMethod::kRoste && line.rotation.rotations.empty();
  if (!searches) settings.rounds = 1;
  return settings;
}

template <Backend B>
void train_rounds(B& backend, const CommandLine& line, const Algorithm1Settings& settings,
                  const Algorithm1Data& data, RunLog& log, TrainingJob<B>& job) {
  const TrainSettings training =
      train_settings(line, static_cast<std::int64_t>(data.training.size()));
  std::optional<TensorBoardLog> events = event_file_of(line);
  StageReporter reporter(reporting_of(line, &log, events ? &*events : nullptr),
                         std::string(name_of(line.train.method)), training.max_steps,
                         job.first_step);
  job.observer = [&](const StepReport& report) { reporter(report); };
  run_algorithm1<B>(backend, settings, training, data, job, [&](const Algorithm1Round& round) {
    if (round.index > 0 && !round.table.terms.empty())
      say(line, "round " + std::to_string(round.index + 1) + ": rotations " +
                    rotations_text(round.choice) + ", objective " + shortest_text(round.before) +
                    " -> " + shortest_text(round.after));
  });
  reporter.finish();
}

}  // namespace

template <Backend B>
void train_command(B& backend, const CommandLine& line) {
  const std::optional<FoundCheckpoint> found = check_output(line);
  Session<B> session = load_session(backend, line);
  fold_for_quantization(backend, session);
  const DataSplits data = load_splits(line, session.tokenizer, session.shape());
  nlohmann::json settings = resume_settings(line, data.train);
  const auto calibration =
      draw_samples(data.train, line.rotation.calibration_samples, line.train.seed);
  const RotationChoice choice = rotations_of_run(backend, line, session, calibration, found);
  settings["rotation"] = to_json(choice);
  // A resumed run that does not say --rotations means those it began with.
  if (found && line.rotation.rotations.empty())
    settings["rotations_flag"] = found->info.settings["rotations_flag"];
  const DirectoryLock lock(line.output_dir);
  if (found) check_same_settings(*found, settings);
  const Algorithm1Settings algorithm1 = algorithm1_of(line);
  apply_plan(backend, algorithm1.quant, choice, algorithm1.weights, session.network);
  session.network.plan.norm_gains = algorithm1.norm_gains;

  TrainingState<B> state(backend, session.network);
  TrainingJob<B> job{session.network, state};
  job.checkpoints = {line.output_dir, line.train.save_steps,
                     static_cast<int>(line.train.save_total_limit), settings};
  if (found) resume(backend, line, *found, job);
  RunLog log(line.output_dir);
  train_rounds<B>(backend, line, algorithm1, {data.train, calibration}, log, job);
  // A finished run that is resumed has its model already: it appeared complete or not at all.
  if (!std::filesystem::exists(line.output_dir / "model")) {
    save_session(backend, session, line.output_dir / "model");
  }
  report_result(backend, line, session, data.eval);
}

template void train_command(Cpu&, const CommandLine&);

}  // namespace trainer
