// `quantize`: rotate, round weights to their grids, and store them as they will be used.
#include "reference_trainer/base/error.h"
#include "reference_trainer/baselines/gptq.h"
#include "reference_trainer/baselines/spinquant.h"
#include "reference_trainer/baselines/weight_clip.h"
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/evaluation.h"
#include "reference_trainer/commands/probe.h"
#include "reference_trainer/commands/streaming.h"
#include "reference_trainer/io/staged_directory.h"
#include "reference_trainer/report/number_text.h"

namespace trainer {

namespace {

// Samples that GPTQ and SpinQuant cannot do without.
template <Backend B>
std::vector<SftSample> calibration_of(const CommandLine& line, const Session<B>& session) {
  if (line.data.dataset.empty() && line.data.calibration_dataset.empty()) {
    throw_usage({"CL-09", "quantize --method " + std::string(name_of(line.quantize_method)),
                 "no --dataset and no --calibration_dataset", "JSONL to calibrate on", ""});
  }
  return load_calibration(line, session.tokenizer, session.shape());
}

// What was in force. Learned rotations are merged into the weights, and `choice` has R3 and R4.
struct Rotations {
  RotationChoice choice;
  std::optional<DenseRotations> learned;
};

template <Backend B>
Rotations learn_and_merge(B& backend, const CommandLine& line,
                          const std::vector<SftSample>& calibration, Session<B>& session) {
  SpinQuantSettings settings = line.spinquant;
  settings.seed = line.rotation.rotation_seed;
  Progress progress(progress_style(line));
  progress.begin("learn rotations", settings.steps);
  const SpinQuantResult learned =
      learn_rotations<B>(backend, settings, line.quant, calibration, session.network,
                         [&](const SpinQuantStep& s) { progress.update(s.step + 1, 0, s.loss); });
  progress.finish();
  say(line, "loss on calibration samples: " + shortest_text(learned.hadamard_loss) +
                " with Hadamard rotations, " + shortest_text(learned.learned_loss) + " learned");
  merge_learned(backend, learned, session.network);
  return {learned.online, learned.rotations};
}

// GPTQ and SpinQuant: the network becomes the quantized model.
template <Backend B>
Rotations quantize_network(B& backend, const CommandLine& line, Session<B>& session) {
  Rotations in_force{chosen_rotations(line, session.shape()).value(), {}};
  const auto calibration = calibration_of(line, session);
  if (line.quantize_method == QuantizeMethod::kSpinquant)
    in_force = learn_and_merge(backend, line, calibration, session);
  say_rotation_notes(line, session.shape(), in_force.choice);
  gptq<B>(backend, line.gptq, line.quant, in_force.choice, calibration, session.network);
  return in_force;
}

// These hold the whole model in float32, and write it so.
void refuse_save_options(const CommandLine& line) {
  const bool shards = line.save.max_shard_size != kDefaultShardBytes;
  const bool narrow =
      line.save.dtype == SaveDType::kBFloat16 || line.save.dtype == SaveDType::kFloat16;
  if (!shards && !narrow) return;
  throw_usage({"CL-04", shards ? "--max_shard_size" : "--save_dtype",
               "--method " + std::string(name_of(line.quantize_method)), "--method rtn",
               "other methods write one file of float32"});
}

// How RTN stores a weight.
LinearForm form_of(const CommandLine& line, ThreadPool& pool) {
  if (!line.quant.weight.enabled()) return plain_form();
  return line.weights_format == WeightsFormat::kCodes
             ? coded_form(pool, line.quant.weight, line.gptq.clip)
             : rounded_form(pool, line.quant.weight, line.gptq.clip);
}

// RTN, layer by layer. R1, R2 and R4 are merged into the weights before they meet their grid.
template <Backend B>
StreamResult quantize_streamed(B& backend, const CommandLine& line, RotationChoice& choice) {
  const StreamedModel model = open_session(line);
  choice = chosen_rotations(line, model.shape()).value();
  say_rotation_notes(line, model.shape(), choice);
  ForwardPlan plan = make_plan(folded_shape(model.shape()), line.quant, choice);
  plan.norm_gains = NormGains::kFolded;
  plan.weight_form = WeightForm::kEffective;
  StreamTarget target = stream_target(line, plan);
  target.turns.change =
      basis_change(plan.shape, WeightForm::kMerged, choice.without_rotations(), choice);
  target.form = form_of(line, backend.pool());
  if (line.quant.weight.enabled() && line.weights_format == WeightsFormat::kCodes)
    plan.weight_form = WeightForm::kCodes;
  return stream_and_save(backend, line, model, target, plan, [&](const StreamResult& result) {
    check_unchanged(result.report.turned.relative(), line.model.model_name_or_path);
  });
}

// What is in force in the quantized model.
struct InForce {
  const QuantConfig& quant;
  const RotationChoice& choice;
};

void print_quantized(const CommandLine& line, const InForce& in_force,
                     const std::optional<StreamResult>& streamed) {
  if (line.format == ResultFormat::kJson) {
    nlohmann::json result = streamed ? to_json(*streamed) : nlohmann::json::object();
    if (streamed) result["max_relative_logit_difference"] = streamed->report.turned.relative();
    result["method"] = name_of(line.quantize_method);
    result["settings"] = bits_name(in_force.quant);
    result["rotation"] = to_json(in_force.choice);
    return print_result(result.dump());
  }
  print_result("quantized to " + bits_name(in_force.quant) + ", rotations " +
               in_force.choice.layers.at(0).text() + ": " + line.output_dir.string());
  if (!streamed) return;
  print_result("largest change of a logit: " + difference_text(streamed->report.turned.relative()) +
               " of the largest logit by rotating, " +
               difference_text(streamed->report.stored.relative()) + " by quantizing");
  print_result(summary_of(*streamed));
}

// Throws RO-13 unless the weights are those of a training under quantizers.
void require_trained(const ForwardPlan& plan, const std::filesystem::path& directory) {
  const bool effective = holds_effective_weights(plan);
  if (plan.quant.weight.enabled() && !effective) return;
  throw_bad_input({"RO-13", (directory / "roste.json").string(),
                   effective ? "weights that are quantized already" : "no quantizer of weights",
                   "a model that was trained under quantizers",
                   "--method rtn quantizes any model in full precision"});
}

// The same for a model that `train` left: its quantizers and rotations are in force already.
template <Backend B>
Rotations finish_trained(B& backend, Session<B>& session) {
  require_trained(session.network.plan, session.directory);
  finish_training(backend, session.network);
  return {session.network.plan.choice, {}};
}

template <Backend B>
Rotations quantize_session(B& backend, const CommandLine& line, Session<B>& session) {
  if (line.quantize_method == QuantizeMethod::kTrained) return finish_trained(backend, session);
  fold_for_quantization(backend, session);
  return quantize_network(backend, line, session);
}

// Codes where they are asked for and weights are quantized at all.
template <Backend B>
void save_quantized(B& backend, const CommandLine& line, Session<B>& session,
                    const std::optional<DenseRotations>& learned) {
  if (line.weights_format == WeightsFormat::kValues || session.network.packed.empty()) {
    session.network.packed.clear();
    return save_session(backend, session, learned, line.output_dir);
  }
  session.network.plan.weight_form = WeightForm::kCodes;
  save_session(backend, session, learned, line.output_dir);
}

}  // namespace

template <Backend B>
void quantize_command(B& backend, const CommandLine& line) {
  check_output_directory(line.output_dir, line.model.model_name_or_path);
  if (line.quantize_method == QuantizeMethod::kRtn) {
    RotationChoice choice;
    const StreamResult result = quantize_streamed(backend, line, choice);
    return print_quantized(line, {line.quant, choice}, result);
  }
  refuse_save_options(line);
  Session<B> session = load_session(backend, line);
  const auto [choice, learned] = quantize_session(backend, line, session);
  save_quantized(backend, line, session, learned);
  print_quantized(line, {session.network.plan.quant, choice}, std::nullopt);
}

template void quantize_command(Cpu&, const CommandLine&);

}  // namespace trainer
