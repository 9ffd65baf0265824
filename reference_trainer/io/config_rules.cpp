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
  rope.fraction = config.real(key);
  rope.fraction_place = config.where(key);
}

void read_theta(const ConfigReader& config, const char* key, RopeConfig& rope) {
  if (config.find(key) == nullptr) return;
  rope.theta = config.number(key);
  if (rope.theta > 0) return;
  throw_bad_input({"CF-07", config.where(key), std::to_string(rope.theta), "a number above 0", ""});
}

double number_above(double bound, const ConfigReader& config, const char* key) {
  const double value = config.real(key);
  if (value > bound) return value;
  throw_bad_input({"CF-07", config.where(key), shown(config.require(key)),
                   "a number above " + shown(json(bound)), ""});
}

Llama3RopeScaling read_llama3(const ConfigReader& rope, std::int64_t max_positions) {
  Llama3RopeScaling s{};
  s.factor = number_above(0, rope, "factor");
  s.low_freq_factor = number_above(0, rope, "low_freq_factor");
  s.high_freq_factor = number_above(s.low_freq_factor, rope, "high_freq_factor");
  s.original_max_positions = rope.size_or("original_max_position_embeddings", max_positions);
  return s;
}

// Both spellings, "rope_type" and the older "type".
void read_scaling(const ConfigReader& config, const ConfigReader& inner, RopeConfig& rope) {
  const char* key = inner.find("rope_type") != nullptr ? "rope_type" : "type";
  const json* type = inner.find(key);
  if (type == nullptr || *type == "default") return;
  if (*type != "llama3") {
    throw_bad_input({"CF-09", inner.where(key), shown(*type), "one of: default, llama3",
                     "other ways to stretch RoPE are not supported"});
  }
  rope.scaling = read_llama3(inner, config.size("max_position_embeddings"));
}

}  // namespace

RopeConfig read_rope(const ConfigReader& config, const RopeKeys& keys) {
  RopeConfig rope{10000.0f, keys.absent_fraction, config.where(keys.fraction), {}};
  read_theta(config, keys.theta, rope);
  read_fraction(config, keys.fraction, rope);
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const std::optional<ConfigReader> inner = config.inside(key);
    if (!inner) continue;
    read_scaling(config, *inner, rope);
    read_theta(*inner, "rope_theta", rope);
    read_fraction(*inner, "partial_rotary_factor", rope);
  }
  return rope;
}

nlohmann::ordered_json rope_scaling_json(const ModelShape& shape) {
  if (!shape.rope_scaling) return nullptr;
  const Llama3RopeScaling& s = *shape.rope_scaling;
  return {{"rope_type", "llama3"},
          {"factor", s.factor},
          {"low_freq_factor", s.low_freq_factor},
          {"high_freq_factor", s.high_freq_factor},
          {"original_max_position_embeddings", s.original_max_positions}};
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
