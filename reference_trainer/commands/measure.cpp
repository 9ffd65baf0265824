// `measure` and `search`: eq. (12) term by term, and the choice of eq. (9).
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/search_rotations.h"
#include "reference_trainer/commands/session.h"
#include "reference_trainer/io/staged_directory.h"

namespace trainer {
namespace {

// Folds the model of the session, and draws the calibration samples that the command names.
template <Backend B>
std::vector<SftSample> calibration_of(B& backend, const CommandLine& line, Session<B>& session) {
  fold_for_quantization(backend, session);
  auto samples = load_calibration(line, session.tokenizer, session.shape());
  say(line,
      "measuring " + bits_name(line.quant) + " on " + std::to_string(samples.size()) + " samples");
  say_rotation_notes(
      line, session.shape(),
      RotationChoice::shared(RotationMask(15), session.shape(), line.rotation.rotation_seed));
  return samples;
}

// --output_dir is optional here: results are also printed.
void prepare_optional_output(const CommandLine& line) {
  if (!line.output_dir.empty())
    check_output_directory(line.output_dir, line.model.model_name_or_path);
}

void write_result(const CommandLine& line, const std::string& name, const nlohmann::json& result) {
  if (line.output_dir.empty()) return;
  make_directory(line.output_dir);
  write_file_atomically(line.output_dir / name, result.dump(2) + "\n");
}

}  // namespace

template <Backend B>
void measure_command(B& backend, const CommandLine& line) {
  prepare_optional_output(line);
  Session<B> session = load_session(backend, line);
  const auto samples = calibration_of(backend, line, session);
  const ErrorTable table =
      measure_errors<B>(backend, session.network, line.quant, line.rotation.rotation_seed, samples);
  const nlohmann::json result = to_json(table);
  write_result(line, "errors.json", result);
  print_result(line.format == ResultFormat::kJson ? result.dump() : error_table_text(table));
}

template <Backend B>
void search_command(B& backend, const CommandLine& line) {
  prepare_optional_output(line);
  Session<B> session = load_session(backend, line);
  const auto samples = calibration_of(backend, line, session);
  const SearchedRotations found = search_rotations<B>(backend, line, session.network, samples);
  write_result(line, "search.json", found.record);
  print_result(line.format == ResultFormat::kJson ? found.record.dump()
                                                  : search_text(found.table, found.result));
}

template void measure_command(Cpu&, const CommandLine&);
template void search_command(Cpu&, const CommandLine&);

}  // namespace trainer
