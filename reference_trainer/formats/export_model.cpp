#include "reference_trainer/formats/export_model.h"

#include <cstring>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/file.h"
#include "reference_trainer/roste/round_to_nearest.h"

namespace trainer {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse_codes(const fs::path& where, const std::string& got,
                               const std::string& hint) {
  throw_bad_input({"EX-03", where.string(), got, "quantized weights whose codes are known", hint});
}

PackedWeights read_codes(const fs::path& source, const ForwardPlan& plan) {
  const WeightFiles files = WeightFiles::open(source);
  PackedWeights packed(static_cast<std::size_t>(plan.shape.layers));
  for (std::size_t i = 0; i < packed.size(); ++i) {
    for (const Linear l : linears_of(plan.shape)) {
      packed[i][l] = read_coded_tensors(files, linear_path(i, l), plan.quant.weight,
                                        linear_shape(plan.shape, l));
    }
  }
  return packed;
}

// Values on a grid whose scales are not stored: the quantizer finds them again where it chose them.
PackedWeights codes_of_values(const fs::path& source, const Network<Cpu>& network) {
  const ModelShape& shape = network.plan.shape;
  PackedWeights packed(network.effective.size());
  for (std::size_t i = 0; i < packed.size(); ++i) {
    for (const Linear l : linears_of(shape)) {
      const Tensor<Cpu>& w = network.parameters.layers[i].weight[l];
      packed[i][l] = pack_weight(network.plan.quant.weight, {w.data(), w.rows(), w.cols()});
      std::vector<float> again(static_cast<std::size_t>(w.size()));
      unpack_values(packed[i][l], {again.data(), w.rows(), w.cols()});
      if (std::memcmp(again.data(), w.data(), again.size() * sizeof(float)) == 0) continue;
      refuse_codes(source.string() + ":" + pointer_step(linear_path(i, l) + ".weight"),
                   "values that the quantizer does not give back bit for bit",
                   "quantize again with --weights_format codes");
    }
  }
  return packed;
}

void turn_back_r4(Cpu& cpu, Network<Cpu>& network) {
  for (const std::size_t i : layers_with(network.plan, 4)) {
    const Turn back{network.plan.at(i).r4.value(), Direction::kBack};
    turn_tensor(cpu, {&back, nullptr}, network.parameters.layers[i].weight[Linear::kDown]);
  }
}

void add_plain_notes(const ForwardPlan& plan, Notes& notes) {
  if (plan.quant.activation.enabled())
    notes.push_back("Activations are not quantized here; the model was made for " +
                    std::to_string(plan.quant.activation.bits) + " bits.");
  if (plan.quant.kv.enabled())
    notes.push_back("The key/value cache is not quantized here; the model was made for " +
                    std::to_string(plan.quant.kv.bits) + " bits.");
  if (!layers_with(plan, 3).empty())
    notes.push_back("R3 is left out: it turns queries and keys alike, so their products stay.");
  if (plan.shape.architecture == kFoldedNeoXArchitecture)
    notes.push_back(
        "RosteNeoXForCausalLM, GPT-NeoX with folded norms, is an architecture that transformers "
        "and llama.cpp do not have: only reference_trainer reads it.");
}

}  // namespace

std::vector<std::size_t> layers_with(const ForwardPlan& plan, int rotation) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < plan.choice.layers.size(); ++i) {
    if (plan.choice.layers[i].r(rotation)) found.push_back(i);
  }
  return found;
}

PackedWeights codes_of(Cpu& cpu, const fs::path& source, Network<Cpu>& network) {
  const fs::path roste = source / "roste.json";
  const ForwardPlan stored = plan_from_json(network.plan.shape, read_roste_json(source), roste);
  if (!stored.quant.weight.enabled())
    refuse_codes(source, "weights in full precision", "quantize the model first");
  if (stored.weight_form == WeightForm::kCodes) return read_codes(source, stored);
  if (stored.weight_form == WeightForm::kEffective) return codes_of_values(source, network);
  pack_effective_weights(cpu, network);
  return std::move(network.packed);
}

void make_plain(Cpu& cpu, ExportedWeights weights, Network<Cpu>& network, Notes& notes) {
  ForwardPlan& plan = network.plan;
  const bool on_grid = plan.weight_form == WeightForm::kEffective;
  if (weights == ExportedWeights::kQuantized) {
    if (!plan.quant.weight.enabled())
      refuse_codes("--export_weights", "a model without a quantizer of weights",
                   "export its master weights");
    store_effective_weights(network);
  } else if (on_grid) {
    notes.push_back("Weights are those of the quantizer's grid: the source has no others.");
  } else if (plan.quant.weight.enabled()) {
    notes.push_back(
        "Weights are the masters of a training under quantizers, not quantized; "
        "--export_weights quantized writes what its forward pass multiplied.");
  }
  if (plan.weight_form != WeightForm::kMaster && !layers_with(plan, 4).empty()) {
    turn_back_r4(cpu, network);
    notes.push_back(
        "R4 was turned back in the down-projections, which are therefore not on a "
        "quantizer's grid; the function in full precision is the same.");
  }
  add_plain_notes(plan, notes);
  const NormGains gains = plan.norm_gains;
  plan = plain_plan(plan.shape);
  plan.norm_gains = gains;
}

std::string readme_text(const std::string& title, const Notes& notes) {
  std::string text = "# " + title + "\n\nWritten by reference_trainer (RoSTE in C++).\n\n";
  for (const std::string& note : notes) text += "* " + note + "\n";
  return text;
}

void write_readme(const fs::path& directory, const std::string& title, const Notes& notes) {
  const std::string text = readme_text(title, notes);
  write_whole_file(directory / "README.md", std::as_bytes(std::span(text)));
}

}  // namespace trainer
