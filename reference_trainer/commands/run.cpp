// `run`: Base, SFT, RTN, rotated RTN, STE and RoSTE, and the table that compares them.
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/pipeline.h"

namespace trainer {

template <Backend B>
void run_command(B& backend, const CommandLine& line) {
  check_output_directory(line.output_dir, line.model.model_name_or_path);
  Session<B> session = load_session(backend, line);
  DataSplits data = load_splits(line, session.tokenizer, session.shape());
  fold_for_quantization(backend, session);
  say_rotation_notes(
      line, session.shape(),
      RotationChoice::shared(RotationMask(15), session.shape(), line.rotation.rotation_seed));
  make_directory(line.output_dir);

  Pipeline<B> pipeline(backend, line, session, std::move(data));
  pipeline.base();
  pipeline.sft();
  for (std::size_t i = 0; i < line.settings.size(); ++i) {
    const QuantConfig& quant = line.settings[i];
    pipeline.rtn(quant, RotationMask(0));
    pipeline.rtn(quant, RotationMask(15));
    pipeline.ste(quant);
    pipeline.roste(quant, i == 0 ? "roste" : "roste-" + bits_name(quant));
  }
  const std::string table = results_table(pipeline.results());
  write_file_atomically(line.output_dir / "results.txt", table);
  print_result(line.format == ResultFormat::kJson ? pipeline.results_json().dump() : table);
}

template void run_command(Cpu&, const CommandLine&);

}  // namespace trainer
