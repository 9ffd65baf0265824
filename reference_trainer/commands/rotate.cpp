// `rotate`: fold, merge R1 in double precision, and prove on the spot that nothing changed.

#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/probe.h"
#include "reference_trainer/commands/streaming.h"
#include "reference_trainer/io/staged_directory.h"

namespace trainer {
namespace {

// A Haar-distributed R1 of the rotation seed in place of the Hadamard matrix: merged, after which
// it is a model like any other and its choice has no R1.
std::optional<DenseRotation> take_random_r1(const ModelShape& shape, RotationChoice& choice) {
  if (!choice.r1()) return std::nullopt;
  for (RotationMask& mask : choice.layers) mask = RotationMask(mask.bits() & 0b1110u);
  return DenseRotation::random(shape.hidden_size, choice.seed);
}

ForwardPlan folded_plan(const ModelShape& source, const RotationChoice& choice) {
  ForwardPlan plan = make_plan(folded_shape(source), {}, choice);
  plan.norm_gains = NormGains::kFolded;
  return plan;
}

void check_result(const CommandLine& line, const StreamResult& result) {
  const std::filesystem::path& directory = line.model.model_name_or_path;
  check_unchanged(result.report.turned.relative(), directory);
  check_rounded(result.report.stored.relative(), result.dtype, result.weights, directory);
}

void print_rotated(const CommandLine& line, const std::string& rotations,
                   const RotationChoice& choice, const StreamResult& result) {
  const double difference = result.report.turned.relative();
  if (line.format == ResultFormat::kJson) {
    nlohmann::json json = to_json(result);
    json["max_relative_logit_difference"] = difference;
    json["accepted_stored_logit_difference"] = accepted_by_rounding(result.dtype, result.weights);
    json["rotation"] = to_json(choice);
    return print_result(json.dump());
  }
  print_result("rotated by " + rotations + " (R1 R2 R3 R4); largest change of a logit: " +
               difference_text(difference) + " of the largest logit, " +
               difference_text(result.report.stored.relative()) + " as stored");
  print_result(summary_of(result));
}

}  // namespace

template <Backend B>
void rotate_command(B& backend, const CommandLine& line) {
  check_output_directory(line.output_dir, line.model.model_name_or_path);
  const StreamedModel model = open_session(line);
  // --rotations has a default here.
  RotationChoice choice = chosen_rotations(line, model.shape()).value();
  const std::string rotations = choice.layers.at(0).text();
  say_rotation_notes(line, model.shape(), choice);
  std::optional<DenseRotation> dense;
  if (line.rotation.rotate_mode == RotateMode::kRandom)
    dense = take_random_r1(model.shape(), choice);
  ForwardPlan plan = folded_plan(model.shape(), choice);
  StreamTarget target = stream_target(line, plan);
  target.turns = {basis_change(plan.shape, WeightForm::kMaster, choice.without_rotations(), choice),
                  std::move(dense)};
  plan.quant = model.plan.quant;  // kept, but out of the way of the comparison
  const StreamResult result = stream_and_save(backend, line, model, target, plan,
                                              [&](const auto& r) { check_result(line, r); });
  print_rotated(line, rotations, choice, result);
}

template void rotate_command(Cpu&, const CommandLine&);

}  // namespace trainer
