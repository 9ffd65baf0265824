#include "reference_trainer/io/config_rules.h"

#include "reference_trainer/base/error.h"

namespace trainer {

using nlohmann::json;

void require_if_present(const ConfigReader& config, const char* key, const json& supported) {
  const json* value = config.find(key);
  if (value == nullptr || *value == supported) return;
  throw_bad_input({"CF-09", config.where(key), shown(*value), shown(supported) + " or no such key",
                   "this model computes something that is not supported"});
}

void check_supported(const ConfigReader& config) {
  require_if_present(config, "use_sliding_window", false);
  if (config.find("quantization_config") != nullptr) {
    throw_bad_input({"CF-09", config.where("quantization_config"), "a quantized model",
                     "a model in F32, F16 or BF16", "use the model that it was made from"});
  }
  const json* layer_types = config.find("layer_types");
  if (layer_types == nullptr) return;
  for (const json& type : *layer_types) {
    if (type != "full_attention") {
      throw_bad_input({"CF-09", config.where("layer_types"), shown(type), "full_attention", ""});
    }
  }
}

namespace {

void read_fraction(const ConfigReader& config, const char* key, RopeConfig& rope) {
  if (config.find(key) == nullptr) return;
  config.number(key);  // or CF-04
  rope.fraction = config.require(key).get<double>();
  rope.fraction_place = config.where(key);
}

void read_theta(const ConfigReader& config, const char* key, RopeConfig& rope) {
  if (config.find(key) == nullptr) return;
  rope.theta = config.number(key);
  if (rope.theta > 0) return;
  throw_bad_input({"CF-07", config.where(key), std::to_string(rope.theta), "a number above 0", ""});
}

}  // namespace

RopeConfig read_rope(const ConfigReader& config, const RopeKeys& keys) {
  RopeConfig rope{10000.0f, keys.absent_fraction, config.where(keys.fraction)};
  read_theta(config, keys.theta, rope);
  read_fraction(config, keys.fraction, rope);
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const std::optional<ConfigReader> inner = config.inside(key);
    if (!inner) continue;
    require_if_present(*inner, "rope_type", "default");
    require_if_present(*inner, "type", "default");
    read_theta(*inner, "rope_theta", rope);
    read_fraction(*inner, "partial_rotary_factor", rope);
  }
  return rope;
}

float read_epsilon(const ConfigReader& config, const char* key) {
  const float epsilon = config.number(key);
  if (epsilon > 0) return epsilon;
  throw_bad_input(
      {"CF-10", config.where(key), shown(config.require(key)), "a float32 above 0", ""});
}

std::int64_t whole_head_dim(const ConfigReader& config, const ModelShape& shape, const char* hint) {
  if (shape.hidden_size % shape.heads == 0) return shape.hidden_size / shape.heads;
  throw_bad_input({"CF-06", config.where("num_attention_heads"), std::to_string(shape.heads),
                   "a divisor of hidden_size " + std::to_string(shape.hidden_size), hint});
}

}  // namespace trainer
