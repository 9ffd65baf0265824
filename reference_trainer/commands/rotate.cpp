// `rotate`: fold, merge R1 in double precision, and prove on the spot that nothing changed.

#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/probe.h"
#include "reference_trainer/commands/session.h"
#include "reference_trainer/io/staged_directory.h"
#include "reference_trainer/roste/merge_dense_rotations.h"

namespace trainer {
namespace {

// A Haar-distributed R1 of the rotation seed in place of the Hadamard matrix: merged, after which
// it is a model like any other and its choice has no R1.
template <Backend B>
std::optional<DenseRotations> merge_random_r1(B& backend, Session<B>& session,
                                              RotationChoice& choice) {
  if (!choice.r1()) return std::nullopt;
  const DenseRotation r1 = DenseRotation::random(session.shape().hidden_size, choice.seed);
  merge_r1(backend, r1, session.network.parameters);
  for (RotationMask& mask : choice.layers) mask = RotationMask(mask.bits() & 0b1110u);
  return DenseRotations{r1, {}};
}

}  // namespace

template <Backend B>
void rotate_command(B& backend, const CommandLine& line) {
  check_output_directory(line.output_dir, line.model.model_name_or_path);
  Session<B> session = load_session(backend, line);
  const QuantConfig quant =
      session.network.plan.quant;  // kept, but out of the way of the comparison
  forget_plan(backend, session);
  const std::vector<float> before = probe_logits(backend, session.network);
  fold_for_quantization(backend, session);
  // --rotations has a default here.
  RotationChoice choice = chosen_rotations(line, session.shape()).value();
  const std::string rotations = choice.layers.at(0).text();
  say_rotation_notes(line, session.shape(), choice);
  std::optional<DenseRotations> dense;
  if (line.rotation.rotate_mode == RotateMode::kRandom)
    dense = merge_random_r1(backend, session, choice);
  apply_plan(backend, {}, choice, session.network);
  const double difference =
      largest_relative_difference(before, probe_logits(backend, session.network));
  check_unchanged(difference, line.model.model_name_or_path);
  session.network.plan.quant = quant;
  save_session(backend, session, dense, line.output_dir);
  if (line.format == ResultFormat::kJson) {
    print_result(
        nlohmann::json{{"max_relative_logit_difference", difference}, {"rotation", to_json(choice)}}
            .dump());
  } else {
    print_result("rotated by " + rotations + " (R1 R2 R3 R4); largest change of a logit: " +
                 difference_text(difference) + " of the largest logit");
  }
}

template void rotate_command(Cpu&, const CommandLine&);

}  // namespace trainer
