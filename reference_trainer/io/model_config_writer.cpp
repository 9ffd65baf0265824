#include <charconv>
#include <stdexcept>

#include "reference_trainer/io/model_config.h"

namespace trainer {
namespace {

using nlohmann::ordered_json;

// The double whose shortest decimal is that of `value`: 1e-05 instead of 9.999999747378752e-06.
double with_few_digits(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double result = 0;
  std::from_chars(text, end, result);
  return result;
}

const Architecture& architecture_for(const ModelShape& shape) {
  for (const Architecture& known : kArchitectures) {
    if (shape.architecture != known.name) continue;
    const bool biases_fit = known.always_qkv_bias
                                ? shape.qkv_bias && !shape.output_bias && !shape.mlp_bias
                                : shape.qkv_bias == shape.output_bias;
    if (biases_fit) return known;
    throw std::invalid_argument("config_json: the biases of this shape do not exist in " +
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

}  // namespace

ordered_json config_json(const ModelShape& shape) {
  const Architecture& architecture = architecture_for(shape);
  ordered_json config = {{"architectures", ordered_json::array({architecture.name})},
                         {"model_type", architecture.model_type},
                         {"vocab_size", shape.vocab_size},
                         {"hidden_size", shape.hidden_size},
                         {"intermediate_size", shape.intermediate_size},
                         {"num_hidden_layers", shape.layers},
                         {"num_attention_heads", shape.heads},
                         {"num_key_value_heads", shape.kv_heads},
                         {"head_dim", shape.head_dim},
                         {"max_position_embeddings", shape.max_positions},
                         {"rms_norm_eps", with_few_digits(shape.norm_eps)},
                         {"rope_theta", with_few_digits(shape.rope_theta)},
                         {"rope_scaling", nullptr},
                         {"hidden_act", "silu"}};
  if (architecture.always_qkv_bias) {
    config["use_sliding_window"] = false;
  } else {
    config["attention_bias"] = shape.qkv_bias;
    config["mlp_bias"] = shape.mlp_bias;
  }
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
