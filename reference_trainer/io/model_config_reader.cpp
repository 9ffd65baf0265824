#include <algorithm>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/config_reader.h"
#include "reference_trainer/io/model_config.h"
#include "reference_trainer/io/model_directory.h"

namespace trainer {
namespace {

using nlohmann::json;

json read_config_file(const std::filesystem::path& path) {
  return parse_json(
      read_file(path, "CF-01"),
      {.where = path.string(), .code = "CF-01", .depth_code = "CF-03", .duplicate_code = "CF-10"});
}

const Architecture& find_architecture(const ConfigReader& config) {
  const json& names = config.require("architectures");
  for (const Architecture& known : kArchitectures) {
    if (names.is_array() && names.size() == 1 && names[0] == known.name) return known;
  }
  throw_bad_input({"CF-09", config.where("architectures"), shown(names),
                   "a list of one of: " + supported_architectures(), ""});
}

// Throws CF-09 unless `key` is absent or has the one value that the model implements.
void require_if_present(const ConfigReader& config, const char* key, const json& supported) {
  const json* value = config.find(key);
  if (value == nullptr || *value == supported) return;
  throw_bad_input({"CF-09", config.where(key), shown(*value), shown(supported) + " or no such key",
                   "this model computes something that is not supported"});
}

void check_supported(const ConfigReader& config) {
  require_if_present(config, "hidden_act", "silu");
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

void check_rotary_fraction(const ConfigReader& config) {
  const float fraction = config.number_or("partial_rotary_factor", 1.0f);
  if (fraction == 1.0f) return;
  throw_bad_input({"CF-07", config.where("partial_rotary_factor"), std::to_string(fraction), "1",
                   "only heads that are rotated as a whole are supported"});
}

// transformers v4: rope_theta and rope_scaling; v5: both in rope_parameters.
float read_rope_theta(const ConfigReader& config) {
  ConfigReader theta_home = config;
  check_rotary_fraction(config);
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const std::optional<ConfigReader> rope = config.inside(key);
    if (!rope) continue;
    require_if_present(*rope, "rope_type", "default");
    require_if_present(*rope, "type", "default");
    check_rotary_fraction(*rope);
    if (rope->find("rope_theta") != nullptr) theta_home = *rope;
  }
  const float theta = theta_home.number_or("rope_theta", 10000.0f);
  if (theta > 0) return theta;
  throw_bad_input(
      {"CF-07", theta_home.where("rope_theta"), std::to_string(theta), "a number above 0", ""});
}

void read_heads(const ConfigReader& config, ModelShape& shape) {
  shape.heads = config.size("num_attention_heads");
  shape.kv_heads = config.size_or("num_key_value_heads", shape.heads);
  const std::string heads = std::to_string(shape.heads);
  if (config.find("head_dim") == nullptr && shape.hidden_size % shape.heads != 0) {
    throw_bad_input({"CF-06", config.where("num_attention_heads"), heads,
                     "a divisor of hidden_size " + std::to_string(shape.hidden_size),
                     "or give head_dim"});
  }
  shape.head_dim = config.size_or("head_dim", shape.hidden_size / shape.heads);
  if (shape.heads % shape.kv_heads != 0) {
    throw_bad_input({"CF-07", config.where("num_key_value_heads"), std::to_string(shape.kv_heads),
                     "a divisor of num_attention_heads " + heads, ""});
  }
  if (shape.head_dim % 2 != 0) {
    throw_bad_input({"CF-07", config.where("head_dim"), std::to_string(shape.head_dim),
                     "an even number, RoPE rotates pairs", ""});
  }
}

void read_sizes(const ConfigReader& config, ModelShape& shape) {
  shape.vocab_size = config.size("vocab_size");
  shape.hidden_size = config.size("hidden_size");
  shape.intermediate_size = config.size("intermediate_size");
  shape.layers = config.size("num_hidden_layers");
  read_heads(config, shape);
  shape.max_positions = config.size("max_position_embeddings");
  shape.norm_eps = config.number("rms_norm_eps");
  if (shape.norm_eps <= 0) {
    throw_bad_input({"CF-10", config.where("rms_norm_eps"), shown(config.require("rms_norm_eps")),
                     "a float32 above 0", ""});
  }
}

void read_biases(const ConfigReader& config, const Architecture& architecture, ModelShape& shape) {
  if (architecture.always_qkv_bias) {
    shape.qkv_bias = true;
    return;
  }
  shape.qkv_bias = shape.output_bias = config.is_true("attention_bias");
  shape.mlp_bias = config.is_true("mlp_bias");
}

std::int32_t token_id(const json& value, const ModelShape& shape, const std::string& where) {
  return static_cast<std::int32_t>(integer_in(value, {0, shape.vocab_size - 1}, where));
}

// What is absent here keeps the value it had: generation_config.json is read after config.json.
void read_text_ends(const ConfigReader& config, ModelShape& shape) {
  if (const json* bos = config.find("bos_token_id")) {
    shape.bos_token_id = token_id(*bos, shape, config.where("bos_token_id"));
  }
  const json* eos = config.find("eos_token_id");
  if (eos == nullptr) return;
  shape.eos_token_ids.clear();
  for (const json& id : eos->is_array() ? *eos : json::array({*eos})) {
    shape.eos_token_ids.push_back(token_id(id, shape, config.where("eos_token_id")));
  }
}

}  // namespace

std::string supported_architectures() {
  std::string names;
  for (const Architecture& known : kArchitectures) {
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  }
  return names;
}

ModelShape read_model_shape(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "config.json";
  const json document = read_config_file(path);
  const ConfigReader config(path.string(), document);
  const Architecture& architecture = find_architecture(config);
  ModelShape shape;
  shape.architecture = architecture.name;
  check_supported(config);
  read_sizes(config, shape);
  shape.rope_theta = read_rope_theta(config);
  read_biases(config, architecture, shape);
  shape.tied_embeddings = config.is_true("tie_word_embeddings");
  read_text_ends(config, shape);

  const std::filesystem::path generation = directory / "generation_config.json";
  std::error_code absent;
  if (std::filesystem::exists(generation, absent)) {
    const json overrides = read_config_file(generation);
    read_text_ends(ConfigReader(generation.string(), overrides), shape);
  }
  return shape;
}

}  // namespace trainer
