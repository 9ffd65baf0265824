#include "reference_trainer/formats/export_compressed_tensors.h"

#include "reference_trainer/base/error.h"
#include "reference_trainer/formats/carried_codes.h"
#include "reference_trainer/formats/compressed_tensors_config.h"
#include "reference_trainer/formats/stored_floats.h"
#include "reference_trainer/roste/round_to_nearest.h"

namespace trainer {
namespace {

void check_architecture(const ExportJob& job, const ModelShape& shape) {
  if (shape.mlp == MlpKind::kSwiGlu && shape.norm == NormKind::kRmsNorm) return;
  throw_bad_input({"EX-01", (job.source / "config.json").string() + ":/architectures",
                   shape.architecture, "LlamaForCausalLM or Qwen2ForCausalLM",
                   "--format hf writes it for reference_trainer"});
}

void append_codes(const std::string& name, const CarriedCodes& c, ExportedTensors& stored) {
  const auto numbers = [&](const char* part, DType type, std::vector<std::int64_t> shape,
                           const auto& values) {
    stored.append_numbers(name + part, type, std::move(shape), std::span(values));
  };
  numbers(".weight_packed", DType::kI32, {c.out, c.row_words}, c.packed);
  numbers(".weight_scale", DType::kF32, {c.out, 1}, c.scale);
  if (!c.zero.empty()) numbers(".weight_zero_point", DType::kI32, {std::ssize(c.zero), 1}, c.zero);
  numbers(".weight_shape", DType::kI64, {2}, std::vector<std::int64_t>{c.out, c.in});
}

LinearsByBits append_linears(const ExportJob& job, const ModelShape& shape,
                             const PackedWeights& packed, ExportedTensors& stored) {
  LinearsByBits linears;
  for (std::size_t i = 0; i < packed.size(); ++i) {
    for (const Linear l : linears_of(shape)) {
      const std::string name = linear_path(i, l);
      const int bits = carried_bits(packed[i][l]);
      if (bits > 8) {
        throw_bad_input({"EX-04", job.source.string() + ":" + pointer_step(name + ".weight"),
                         "a range far from zero", "zero points that 8 bits can hold",
                         "quantize with --quant_range zero_included"});
      }
      append_codes(name, carry(packed[i][l]), stored);
      linears[bits].push_back(name);
    }
  }
  return linears;
}

void append_floats(Cpu& cpu, Network<Cpu>& network, ExportedTensors& stored) {
  const HostTensors host = tensors_beside_codes(cpu, network.parameters);
  for (const FloatTensorView& view : host.views)
    stored.append_numbers(view.name, DType::kF32, view.shape, view.values);
}

void append_rotations(const std::vector<OnlineRotation>& rotations, ExportedTensors& stored) {
  for (const OnlineRotation& r : rotations) {
    if (r.matrix.empty()) continue;
    stored.append_numbers(r.module + "." + r.group + "_input.weight", DType::kF32, {r.size, r.size},
                          std::span<const float>(r.matrix));
  }
}

void add_activation_note(const ExportOptions& options, const QuantizerSettings& a, Notes& notes) {
  if (!a.enabled()) return;
  const std::string made = "the model was made for " + std::to_string(a.bits) + " bits";
  if (options.activations == ExportedActivations::kLeftOut) {
    notes.push_back("Activations are not quantized, as asked for; " + made + ".");
  } else if (carries_activations(a)) {
    notes.push_back(
        "Activations are quantized for each token as here, but for ties of rounding. "
        "A reader without such a kernel wants --export_activations left_out.");
  } else {
    notes.push_back(
        "Activations are not quantized, because the format has no clipping factor, a "
        "symmetric scale of max / 7.5 instead of max / 7, and no range without zero; " +
        made + ".");
  }
}

Notes notes_for(const ExportOptions& options, const ForwardPlan& plan,
                const LinearsByBits& linears) {
  Notes notes;
  add_activation_note(options, plan.quant.activation, notes);
  if (plan.quant.kv.enabled())
    notes.push_back(
        "The key/value cache is not quantized: the format has no dynamic scale for "
        "each token and head; the model was made for " +
        std::to_string(plan.quant.kv.bits) + " bits.");
  if (!layers_with(plan, 3).empty())
    notes.push_back("R3 is left out: it turns queries and keys alike, so their products stay.");
  if (!layers_with(plan, 4).empty())
    notes.push_back(
        "R4 acts on the inputs of down_proj and stands in transform_config. vLLM "
        "applies it; transformers 5.23 does not: after from_pretrained call "
        "compressed_tensors.transform.apply_transform_config and load the matrices.");
  for (const auto& [bits, names] : linears) {
    if (bits == plan.quant.weight.bits) continue;
    notes.push_back(std::to_string(names.size()) + " linear layers have " + std::to_string(bits) +
                    "-bit codes, because zero is outside of the range of a row; values are the "
                    "same.");
  }
  return notes;
}

}  // namespace

Notes export_compressed_tensors(Cpu& cpu, const ExportJob& job, Network<Cpu>& network) {
  const ForwardPlan plan = network.plan;
  check_architecture(job, plan.shape);
  ExportedTensors stored;
  const LinearsByBits linears =
      append_linears(job, plan.shape, codes_of(cpu, job.source, network), stored);
  store_effective_weights(network);  // biases under R2
  append_floats(cpu, network, stored);
  const std::vector<OnlineRotation> rotations = online_rotations(plan);
  append_rotations(rotations, stored);
  const Notes notes = notes_for(job.options, plan, linears);
  ModelMetadata metadata{plan.shape, nullptr, job.source, {}, {}};
  metadata.config = {
      {"quantization_config",
       quantization_config(config_groups(linears, plan.quant, job.options.activations),
                           transform_config(rotations))}};
  metadata.write_more = [&](const std::filesystem::path& directory) {
    write_readme(directory, "A quantized model in the format of compressed-tensors", notes);
  };
  write_model_directory(job.output, metadata, stored.views());
  return notes;
}

}  // namespace trainer
