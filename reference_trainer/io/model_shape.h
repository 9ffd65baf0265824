// The dimensions and the kind of a transformer: of the Llama family, or of GPT-NeoX (Pythia).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reference_trainer/base/rope_scaling.h"

namespace trainer {

// config.json:/architectures of GPT-NeoX (Pythia), of such a model whose q, k and v are apart, and
// of one whose norms are folded (docs/formats.md).
inline constexpr const char* kNeoXArchitecture = "GPTNeoXForCausalLM";
inline constexpr const char* kSplitNeoXArchitecture = "RosteSplitNeoXForCausalLM";
inline constexpr const char* kFoldedNeoXArchitecture = "RosteNeoXForCausalLM";

enum class NormKind { kRmsNorm, kLayerNorm };  // a gain; a gain and a bias

enum class MlpKind {
  kSwiGlu,  // down(silu(gate(x)) * up(x))
  kGelu,    // down(gelu(up(x))), with the exact error function
};

enum class ResidualKind {
  kSequential,  // y = x + attention(norm1(x)), then y + mlp(norm2(y))
  kParallel,    // x + attention(norm1(x)) + mlp(norm2(x))
};

struct ModelShape {
  std::string architecture = "LlamaForCausalLM";
  std::int64_t vocab_size = 0;         // e.g. 32000
  std::int64_t hidden_size = 0;        // d, e.g. 4096
  std::int64_t intermediate_size = 0;  // ffn, e.g. 14336
  std::int64_t layers = 0;             // e.g. 32
  std::int64_t heads = 0;              // query heads, e.g. 32
  std::int64_t kv_heads = 0;           // divides heads, e.g. 8
  std::int64_t head_dim = 0;           // e.g. 128
  // Channels of a head that RoPE turns, the first ones: even, <= head_dim. Absent: all.
  std::optional<std::int64_t> partial_rotary_dim = {};
  std::int64_t max_positions = 0;  // context length, e.g. 8192
  NormKind norm = NormKind::kRmsNorm;
  MlpKind mlp = MlpKind::kSwiGlu;
  ResidualKind residual = ResidualKind::kSequential;
  float norm_eps = 1e-5f;
  float rope_theta = 10000.0f;
  std::optional<Llama3RopeScaling> rope_scaling = {};  // absent: frequencies as they are
  bool tied_embeddings = false;                        // the head is the embedding
  bool qkv_bias = false;     // biases on q, k and v (attention_bias; always in Qwen2)
  bool output_bias = false;  // bias on o (attention_bias)
  bool mlp_bias = false;     // biases on gate, up and down
  bool head_bias = false;    // only after folding a LayerNorm
  std::optional<std::int32_t> bos_token_id;
  std::vector<std::int32_t> eos_token_ids;  // any of them ends a generation

  std::int64_t query_width() const { return heads * head_dim; }
  std::int64_t kv_width() const { return kv_heads * head_dim; }
  std::int64_t rotary_dim() const { return partial_rotary_dim.value_or(head_dim); }
};

}  // namespace trainer
