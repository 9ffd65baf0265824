// The dimensions of a transformer of the Llama family.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace trainer {

struct ModelShape {
  std::string architecture = "LlamaForCausalLM";
  std::int64_t vocab_size = 0;         // e.g. 32000
  std::int64_t hidden_size = 0;        // d, e.g. 4096
  std::int64_t intermediate_size = 0;  // ffn, e.g. 14336
  std::int64_t layers = 0;             // e.g. 32
  std::int64_t heads = 0;              // query heads, e.g. 32
  std::int64_t kv_heads = 0;           // divides heads, e.g. 8
  std::int64_t head_dim = 0;           // e.g. 128
  std::int64_t max_positions = 0;      // context length, e.g. 8192
  float norm_eps = 1e-5f;
  float rope_theta = 10000.0f;
  bool tied_embeddings = false;  // the head is the embedding
  bool qkv_bias = false;         // biases on q, k and v (attention_bias; always in Qwen2)
  bool output_bias = false;      // bias on o (attention_bias)
  bool mlp_bias = false;         // biases on gate, up and down
  std::optional<std::int32_t> bos_token_id;
  std::vector<std::int32_t> eos_token_ids;  // any of them ends a generation

  std::int64_t query_width() const { return heads * head_dim; }
  std::int64_t kv_width() const { return kv_heads * head_dim; }
};

}  // namespace trainer
