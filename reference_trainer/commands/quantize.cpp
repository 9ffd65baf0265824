// `quantize --method rtn`: rotate, round weights to their grids, and store them as they will be
// used.
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/session.h"
#include "reference_trainer/io/staged_directory.h"
#include "reference_trainer/roste/round_to_nearest.h"

namespace trainer {

template <Backend B>
void quantize_command(B& backend, const CommandLine& line) {
  check_output_directory(line.output_dir, line.model.model_name_or_path);
  Session<B> session = load_session(backend, line);
  fold_for_quantization(backend, session);
  // --rotations has a default here.
  const RotationChoice choice = chosen_rotations(line, session.shape()).value();
  say_rotation_notes(line, session.shape(), choice);
  round_to_nearest(backend, line.quant, choice, session.network);
  save_session(backend, session, line.output_dir);
  const nlohmann::json result{
      {"method", "rtn"}, {"settings", bits_name(line.quant)}, {"rotation", to_json(choice)}};
  print_result(line.format == ResultFormat::kJson
                   ? result.dump()
                   : "quantized to " + bits_name(line.quant) + ", rotations " +
                         choice.layers.at(0).text() + ": " + line.output_dir.string());
}

template void quantize_command(Cpu&, const CommandLine&);

}  // namespace trainer
