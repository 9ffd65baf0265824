// The words of config.json that both its reader and its writer use.
#pragma once

#include <array>
#include <string>

#include "reference_trainer/io/json.h"
#include "reference_trainer/io/model_shape.h"

namespace trainer {

// Which keys a config.json has, and what they say about biases.
enum class Dialect {
  kLlama,       // attention_bias: of q, k, v and o together
  kQwen2,       // q, k and v always have biases
  kNeoX,        // GPT-NeoX: attention_bias, and biases in the MLP
  kSplitNeoX,   // the same with q, k and v apart
  kFoldedNeoX,  // that with RMSNorm, and biases everywhere but perhaps on o
};

constexpr bool is_neox(Dialect dialect) {
  return dialect == Dialect::kNeoX || dialect == Dialect::kSplitNeoX ||
         dialect == Dialect::kFoldedNeoX;
}

struct Architecture {
  const char* name;        // of config.json:/architectures
  const char* model_type;  // by which transformers finds its class
  Dialect dialect;
};

inline constexpr std::array<Architecture, 5> kArchitectures = {
    {{"LlamaForCausalLM", "llama", Dialect::kLlama},
     {"Qwen2ForCausalLM", "qwen2", Dialect::kQwen2},
     {kNeoXArchitecture, "gpt_neox", Dialect::kNeoX},
     {kSplitNeoXArchitecture, "roste_split_neox", Dialect::kSplitNeoX},
     {kFoldedNeoXArchitecture, "roste_neox", Dialect::kFoldedNeoX}}};

// "LlamaForCausalLM, Qwen2ForCausalLM, ..."
std::string supported_architectures();

// config.json for `shape`, with the keys of transformers v4. Throws std::invalid_argument when the
// architecture cannot express `shape`.
nlohmann::ordered_json config_json(const ModelShape& shape);

// The double whose shortest decimal is that of `value`: 1e-05 instead of 9.999999747378752e-06.
double with_few_digits(float value);

// generation_config.json: the token ids that begin and end a text.
nlohmann::ordered_json generation_config_json(const ModelShape& shape);

}  // namespace trainer
