#include <charconv>
#include <stdexcept>

#include "reference_trainer/io/config_rules.h"
#include "reference_trainer/io/neox_config.h"

namespace trainer {
namespace {

using nlohmann::ordered_json;

bool is_llama_shape(const ModelShape& s, Dialect dialect) {
  const bool biases_fit = dialect == Dialect::kQwen2 ? s.qkv_bias && !s.output_bias && !s.mlp_bias
                                                     : s.qkv_bias == s.output_bias;
  return biases_fit && !s.head_bias && s.norm == NormKind::kRmsNorm && s.mlp == MlpKind::kSwiGlu &&
         s.residual == ResidualKind::kSequential && s.rotary_dim() == s.head_dim;
}

bool fits(const ModelShape& shape, Dialect dialect) {
  return is_neox(dialect) ? is_neox_shape(shape, dialect) : is_llama_shape(shape, dialect);
}

const Architecture& architecture_for(const ModelShape& shape) {
  for (const Architecture& known : kArchitectures) {
    if (shape.architecture != known.name) continue;
    if (fits(shape, known.dialect)) return known;
    throw std::invalid_argument("config_json: a model of this shape cannot be a " +
                                shape.architecture);
  }
  throw std::invalid_argument("config_json: unknown architecture " + shape.architecture);
}

ordered_json bos_json(const ModelShape& shape) {
  return shape.bos_token_id ? ordered_json(*shape.bos_token_id) : ordered_json(nullptr);
}

// A single id is written as a number, which every version of transformers reads.
ordered_json eos_json(const ModelShape& shape) {
  if (shape.eos_token_ids.empty()) return nullptr;
  if (shape.eos_token_ids.size() == 1) return shape.eos_token_ids.front();
  return shape.eos_token_ids;
}

// The keys of transformers v4, without those that all architectures have.
ordered_json llama_config_json(const ModelShape& shape, Dialect dialect) {
  ordered_json config = {{"vocab_size", shape.vocab_size},
                         {"hidden_size", shape.hidden_size},
                         {"intermediate_size", shape.intermediate_size},
                         {"num_hidden_layers", shape.layers},
                         {"num_attention_heads", shape.heads},
                         {"num_key_value_heads", shape.kv_heads},
                         {"head_dim", shape.head_dim},
                         {"max_position_embeddings", shape.max_positions},
                         {"rms_norm_eps", with_few_digits(shape.norm_eps)},
                         {"rope_theta", with_few_digits(shape.rope_theta)},
                         {"rope_scaling", rope_scaling_json(shape)},
                         {"hidden_act", "silu"}};
  if (dialect == Dialect::kQwen2) {
    config["use_sliding_window"] = false;
  } else {
    config["attention_bias"] = shape.qkv_bias;
    config["mlp_bias"] = shape.mlp_bias;
  }
  return config;
}

}  // namespace

// The double whose shortest decimal is that of `value`: 1e-05 instead of 9.999999747378752e-06.
double with_few_digits(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double result = 0;
  std::from_chars(text, end, result);
  return result;
}

ordered_json config_json(const ModelShape& shape) {
  const Architecture& architecture = architecture_for(shape);
  const Dialect dialect = architecture.dialect;
  ordered_json config = {{"architectures", ordered_json::array({architecture.name})},
                         {"model_type", architecture.model_type}};
  config.update(is_neox(dialect) ? neox_config_json(shape) : llama_config_json(shape, dialect));
  config["tie_word_embeddings"] = shape.tied_embeddings;
  config["bos_token_id"] = bos_json(shape);
  config["eos_token_id"] = eos_json(shape);
  config["torch_dtype"] = "float32";
  return config;
}

ordered_json generation_config_json(const ModelShape& shape) {
  return {{"bos_token_id", bos_json(shape)}, {"eos_token_id", eos_json(shape)}};
}

}  // namespace trainer
