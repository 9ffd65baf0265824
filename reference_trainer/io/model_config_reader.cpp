#include <algorithm>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/config_rules.h"
#include "reference_trainer/io/model_config.h"
#include "reference_trainer/io/model_directory.h"
#include "reference_trainer/io/neox_config.h"

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

// RoPE turns whole heads here.
void read_rotary(const ConfigReader& config, ModelShape& shape) {
  const RopeConfig rope = read_rope(config, {"rope_theta", "partial_rotary_factor", 1.0});
  shape.rope_theta = rope.theta;
  shape.rope_scaling = rope.scaling;
  if (rope.fraction == 1.0) return;
  throw_bad_input({"CF-07", rope.fraction_place, std::to_string(rope.fraction), "1",
                   "heads that are rotated in part are supported in GPTNeoXForCausalLM"});
}

void read_heads(const ConfigReader& config, ModelShape& shape) {
  shape.heads = config.size("num_attention_heads");
  shape.kv_heads = config.size_or("num_key_value_heads", shape.heads);
  shape.head_dim = config.find("head_dim") == nullptr
                       ? whole_head_dim(config, shape, "or give head_dim")
                       : config.size("head_dim", kWidthRange);
  if (shape.heads % shape.kv_heads != 0) {
    throw_bad_input({"CF-07", config.where("num_key_value_heads"), std::to_string(shape.kv_heads),
                     "a divisor of num_attention_heads " + std::to_string(shape.heads), ""});
  }
  if (shape.head_dim % 2 != 0) {
    throw_bad_input({"CF-07", config.where("head_dim"), std::to_string(shape.head_dim),
                     "an even number, RoPE rotates pairs", ""});
  }
}

void read_sizes(const ConfigReader& config, ModelShape& shape) {
  shape.vocab_size = config.size("vocab_size");
  shape.hidden_size = config.size("hidden_size", kWidthRange);
  shape.intermediate_size = config.size("intermediate_size", kWidthRange);
  shape.layers = config.size("num_hidden_layers", kLayerRange);
  read_heads(config, shape);
  shape.max_positions = config.size("max_position_embeddings");
  shape.norm_eps = read_epsilon(config, "rms_norm_eps");
}

void read_biases(const ConfigReader& config, Dialect dialect, ModelShape& shape) {
  if (dialect == Dialect::kQwen2) {
    shape.qkv_bias = true;
    return;
  }
  shape.qkv_bias = shape.output_bias = config.is_true("attention_bias");
  shape.mlp_bias = config.is_true("mlp_bias");
}

void read_llama_shape(const ConfigReader& config, Dialect dialect, ModelShape& shape) {
  require_if_present(config, "hidden_act", "silu");
  read_sizes(config, shape);
  read_rotary(config, shape);
  read_biases(config, dialect, shape);
  shape.tied_embeddings = config.is_true("tie_word_embeddings");
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
  if (is_neox(architecture.dialect)) {
    read_neox_shape(config, architecture.dialect, shape);
  } else {
    read_llama_shape(config, architecture.dialect, shape);
  }
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
