// quantization_config of config.json, as compressed-tensors (0.20) reads it.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reference_trainer/formats/export_model.h"

namespace trainer {

// Linear layers by the bits that carry their codes: "model.layers.0.self_attn.q_proj", ...
using LinearsByBits = std::map<int, std::vector<std::string>>;

// Whether compressed-tensors computes the same quantizer of activations, up to rounding: asymmetric
// with zero included and nothing clipped. (Its symmetric scale is max / 7.5 where eq. (2) has
// max / 7, and it knows no clipping factor.)
bool carries_activations(const QuantizerSettings& activation);

// Scheme groups of all linear layers; every layer is named where their bits differ.
nlohmann::ordered_json config_groups(const LinearsByBits& linears, const QuantConfig& quant,
                                     ExportedActivations activations);

// An online rotation of a linear layer's input whose matrix is stored or, where it is Sylvester's,
// named.
struct OnlineRotation {
  std::string group;   // e.g. "R4_0": of a layer
  std::string module;  // "model.layers.0.mlp.down_proj"
  std::string type;    // "hadamard", "random-hadamard", "random-matrix"
  // [d, d], row-major; x becomes x times it, over sqrt(d) where the type is random-hadamard; empty
  // where the type says all.
  std::vector<float> matrix;
  std::int64_t size = 0;  // d
};

// R4 of all layers.
std::vector<OnlineRotation> online_rotations(const ForwardPlan& plan);

// transform_config: what acts while the model runs. Merged rotations are not in it, so that no
// reader merges them again.
nlohmann::ordered_json transform_config(const std::vector<OnlineRotation>& rotations);

// The whole object.
nlohmann::ordered_json quantization_config(nlohmann::ordered_json groups,
                                           nlohmann::ordered_json transforms);

}  // namespace trainer
