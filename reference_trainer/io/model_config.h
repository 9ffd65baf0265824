// The words of config.json that both its reader and its writer use.
#pragma once

#include <array>
#include <string>

#include "reference_trainer/io/json.h"
#include "reference_trainer/io/model_shape.h"

namespace trainer {

// What differs between the architectures of the Llama family that are supported.
struct Architecture {
  const char* name;        // of config.json:/architectures
  const char* model_type;  // by which transformers finds its class
  bool always_qkv_bias;    // else attention_bias decides, for q, k, v and o together
};

inline constexpr std::array<Architecture, 2> kArchitectures = {
    {{"LlamaForCausalLM", "llama", false}, {"Qwen2ForCausalLM", "qwen2", true}}};

// "LlamaForCausalLM, Qwen2ForCausalLM"
std::string supported_architectures();

// config.json for `shape`, with the keys of transformers v4. Throws std::invalid_argument when the
// architecture cannot express the biases of `shape`.
nlohmann::ordered_json config_json(const ModelShape& shape);

// generation_config.json: the token ids that begin and end a text.
nlohmann::ordered_json generation_config_json(const ModelShape& shape);

}  // namespace trainer
