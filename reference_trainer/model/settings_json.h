// roste.json: how a model directory is quantized and rotated, beside its config.json.
// docs/formats.md.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "reference_trainer/model/network.h"

namespace trainer {

// {"bits", "symmetry", "range", "clip"} and back; `where` names the file and the JSON pointer in
// errors (RJ-01).
nlohmann::json to_json(const QuantizerSettings& settings);
QuantizerSettings quantizer_from_json(const nlohmann::json& json, const std::string& where);

nlohmann::json to_json(const QuantConfig& config);
nlohmann::json to_json(const RotationChoice& choice);
RotationChoice rotation_choice_from_json(const ModelShape& shape, const nlohmann::json& json,
                                         const std::string& where);

// The whole file. plan_from_json(shape, null, ...) is the plain plan.
nlohmann::json to_json(const ForwardPlan& plan);
ForwardPlan plan_from_json(const ModelShape& shape, const nlohmann::json& json,
                           const std::string& where);

}  // namespace trainer
