#include "reference_trainer/formats/compressed_tensors_config.h"

#include <bit>
#include <cmath>

#include "roste/cpu/rotate.h"

namespace trainer {
namespace {

using nlohmann::ordered_json;

constexpr const char* kFormat = "pack-quantized";
// Orders of Hadamard matrices whose odd part compressed-tensors has in its tables.
constexpr int kMostBaseOrder = 256;

ordered_json weights_args(int bits, Symmetry symmetry) {
  return {{"num_bits", bits},
          {"type", "int"},
          {"symmetric", symmetry == Symmetry::kSymmetric},
          {"strategy", "channel"},
          {"group_size", nullptr},
          {"block_structure", nullptr},
          {"dynamic", false},
          {"actorder", nullptr},
          {"observer", "minmax"}};
}

ordered_json activation_args(int bits) {
  return {{"num_bits", bits},    {"type", "int"},         {"symmetric", false},
          {"strategy", "token"}, {"group_size", nullptr}, {"block_structure", nullptr},
          {"dynamic", true},     {"actorder", nullptr}};
}

// H Diag(r) / sqrt(d) as the matrix that multiplies rows: row i is what e_i becomes, times
// `factor`.
std::vector<float> rotation_matrix(const roste::Rotation& rotation, double factor) {
  const std::int64_t d = rotation.size();
  std::vector<double> wide(static_cast<std::size_t>(d * d), 0.0);
  for (std::int64_t i = 0; i < d; ++i) wide[static_cast<std::size_t>(i * d + i)] = 1.0;
  roste::cpu::rotate_rows(rotation, roste::cpu::MatrixView<double>{wide.data(), d, d, d});
  std::vector<float> matrix;
  for (const double value : wide) matrix.push_back(static_cast<float>(value * factor));
  return matrix;
}

OnlineRotation online_rotation(const roste::Rotation& r4, std::size_t layer, OnlineSigns signs) {
  OnlineRotation online{"R4_" + std::to_string(layer),
                        linear_path(layer, Linear::kDown),
                        "random-matrix",
                        {},
                        r4.size()};
  const bool whole = r4.blocks() == 1;
  const bool sylvester = whole && std::has_single_bit(static_cast<std::uint64_t>(r4.size()));
  if (sylvester && signs == OnlineSigns::kNone) {
    online.type = "hadamard";
    return online;
  }
  if (whole && r4.base_order() <= kMostBaseOrder) online.type = "random-hadamard";
  const bool unscaled = online.type == "random-hadamard";
  online.matrix = rotation_matrix(r4, unscaled ? std::sqrt(static_cast<double>(r4.size())) : 1.0);
  if (unscaled) {
    for (float& sign : online.matrix) sign = std::rint(sign);  // +1 and -1 exactly
  }
  return online;
}

}  // namespace

bool carries_activations(const QuantizerSettings& a) {
  return a.enabled() && a.symmetry == Symmetry::kAsymmetric && a.range == Range::kZeroIncluded &&
         a.clip == 1.0f;
}

ordered_json config_groups(const LinearsByBits& linears, const QuantConfig& quant,
                           ExportedActivations activations) {
  ordered_json inputs = nullptr;
  if (activations == ExportedActivations::kCarried && carries_activations(quant.activation))
    inputs = activation_args(quant.activation.bits);
  ordered_json groups = ordered_json::object();
  for (const auto& [bits, names] : linears) {
    const ordered_json targets =
        linears.size() == 1 ? ordered_json::array({"Linear"}) : ordered_json(names);
    groups["group_" + std::to_string(groups.size())] = {
        {"targets", targets},
        {"weights", weights_args(bits, quant.weight.symmetry)},
        {"input_activations", inputs},
        {"output_activations", nullptr},
        {"format", kFormat}};
  }
  return groups;
}

std::vector<OnlineRotation> online_rotations(const ForwardPlan& plan) {
  std::vector<OnlineRotation> online;
  for (const std::size_t i : layers_with(plan, 4))
    online.push_back(online_rotation(plan.at(i).r4.value(), i, plan.choice.online_signs));
  return online;
}

ordered_json transform_config(const std::vector<OnlineRotation>& rotations) {
  ordered_json groups = ordered_json::object();
  for (const OnlineRotation& r : rotations) {
    const ordered_json apply = {{"targets", {r.module}},
                                {"location", "input"},
                                {"inverse", false},
                                {"ignore", ordered_json::array()}};
    groups[r.group] = {{"type", r.type},      {"apply", ordered_json::array({apply})},
                       {"randomize", false},  {"requires_grad", false},
                       {"head_dim", nullptr}, {"precision", "torch.float32"}};
  }
  if (groups.empty()) return ordered_json::object();
  return {{"config_groups", groups}};
}

ordered_json quantization_config(ordered_json groups, ordered_json transforms) {
  return {{"quant_method", "compressed-tensors"},
          {"format", kFormat},
          {"quantization_status", "compressed"},
          {"config_groups", std::move(groups)},
          {"ignore", {"lm_head"}},
          {"kv_cache_scheme", nullptr},
          {"global_compression_ratio", nullptr},
          {"sparsity_config", ordered_json::object()},
          {"transform_config", std::move(transforms)}};
}

}  // namespace trainer
