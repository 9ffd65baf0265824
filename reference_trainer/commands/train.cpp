// `train --method sft|ste|roste`: Algorithm 1 with K = 1, and its two special cases.
#include "reference_trainer/base/error.h"
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/fine_tuning.h"
#include "reference_trainer/io/staged_directory.h"

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

// What a resumed run must share with the one it continues.
nlohmann::json resume_settings(const CommandLine& line, const std::vector<SftSample>& train) {
  nlohmann::json settings = to_json(train_settings(line, static_cast<std::int64_t>(train.size())));
  settings["method"] = name_of(line.train.method);
  settings["quantization"] = to_json(quantizers_of(line));
  settings["train_samples"] = train.size();
  settings["loss_on"] = name_of(line.data.reading.loss_on);
  return settings;
}

// Line 5 of Algorithm 1, or what --rotations says. The choice of a resumed run is in its output
// directory.
template <Backend B>
RotationChoice decide_rotations(B& backend, const CommandLine& line, const Session<B>& session,
                                const std::vector<SftSample>& train) {
  const std::filesystem::path file = line.output_dir / "rotation.json";
  if (line.train.start == StartFrom::kCheckpoint) {
    const nlohmann::json saved = parse_json(read_file(file), {file.string(), "RJ-01"});
    return rotation_choice_from_json(session.shape(), saved.at("rotation"),
                                     file.string() + ":/rotation");
  }
  const auto given = chosen_rotations(line, session.shape());
  const bool searches = line.train.method == TrainMethod::kRoste && !given;
  RotationChoice choice = given.value_or(
      RotationChoice::shared(RotationMask(), session.shape(), line.rotation.rotation_seed));
  nlohmann::json record{{"rotation", to_json(choice)}};
  if (searches)
    std::tie(choice, record) = search_rotations(backend, line, line.quant, session.network, train);
  say(line, "rotations R1 R2 R3 R4: " + choice.layers.at(0).text());
  say_rotation_notes(line, session.shape(), choice);
  write_file_atomically(file, record.dump(2) + "\n");
  return choice;
}

template <Backend B>
void report_result(B& backend, const CommandLine& line, const Session<B>& session,
                   const std::vector<SftSample>& eval) {
  const Evaluation e = evaluate_samples<B>(backend, line, session.network, session.tokenizer, eval);
  nlohmann::ordered_json result{{"method", name_of(line.train.method)}};
  result.update(to_json(e));
  write_file_atomically(line.output_dir / "eval.json", result.dump(2) + "\n");
  print_result(line.format == ResultFormat::kJson
                   ? result.dump()
                   : "model: " + (line.output_dir / "model").string() + "\n" + result.dump(2));
}

}  // namespace

template <Backend B>
void train_command(B& backend, const CommandLine& line) {
  const std::optional<FoundCheckpoint> found = check_output(line);
  Session<B> session = load_session(backend, line);
  fold_for_quantization(backend, session);
  const DataSplits data = load_splits(line, session.tokenizer, session.shape());
  const nlohmann::json settings = resume_settings(line, data.train);
  if (found) check_same_settings(*found, settings);
  std::filesystem::create_directories(line.output_dir);
  const RotationChoice choice = decide_rotations(backend, line, session, data.train);
  apply_plan(backend, quantizers_of(line), choice, session.network);

  TrainingState<B> state(backend, session.network);
  FineTuning<B> run{session.network,
                    state,
                    0,
                    {line.output_dir, line.train.save_steps,
                     static_cast<int>(line.train.save_total_limit), settings}};
  if (found) {
    for (const std::string& why : found->skipped) say(line, "skipped " + why);
    run.first_step = restore_checkpoint(backend, *found, session.network, state);
    say(line, "resuming after step " + std::to_string(run.first_step));
  }
  RunLog log(line.output_dir);
  fine_tune<B>(backend, line, {std::string(name_of(line.train.method)), &log}, data.train, run);
  save_session(backend, session, line.output_dir / "model");
  report_result(backend, line, session, data.eval);
}

template void train_command(Cpu&, const CommandLine&);

}  // namespace trainer
