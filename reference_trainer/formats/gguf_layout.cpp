#include "reference_trainer/formats/gguf_layout.h"

#include <array>
#include <string_view>
#include <utility>

#include "reference_trainer/model/block.h"

namespace trainer {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::array kOutside = {Pair{"model.embed_tokens", "token_embd"},
                                 Pair{"model.norm", "output_norm"}, Pair{"lm_head", "output"}};
constexpr std::array kInLayers = {
    Pair{"input_layernorm", "attn_norm"}, Pair{"post_attention_layernorm", "ffn_norm"},
    Pair{"self_attn.q_proj", "attn_q"},   Pair{"self_attn.k_proj", "attn_k"},
    Pair{"self_attn.v_proj", "attn_v"},   Pair{"self_attn.o_proj", "attn_output"},
    Pair{"mlp.gate_proj", "ffn_gate"},    Pair{"mlp.up_proj", "ffn_up"},
    Pair{"mlp.down_proj", "ffn_down"}};
constexpr std::string_view kLayers = "model.layers.";

template <class Table>
std::string_view renamed(const Table& table, std::string_view module) {
  for (const auto& [ours, theirs] : table) {
    if (ours == module) return theirs;
  }
  return {};
}

bool is_query_or_key(std::string_view name) {
  return name.find(".q_proj.") != std::string_view::npos ||
         name.find(".k_proj.") != std::string_view::npos;
}

bool is_neox_model(const ModelShape& shape) { return shape.architecture == kNeoXArchitecture; }

void set_attention(const ModelShape& s, const std::string& a, GgufFile& file) {
  const auto set = [&](const char* key, std::int64_t value) {
    file.set_u32(a + key, static_cast<std::uint32_t>(value));
  };
  set(".attention.head_count", s.heads);
  set(".attention.head_count_kv", s.kv_heads);
  set(".attention.key_length", s.head_dim);
  set(".attention.value_length", s.head_dim);
  set(".rope.dimension_count", s.rotary_dim());
  file.set_f32(a + ".rope.freq_base", s.rope_theta);
  file.set_f32(a + (is_neox_model(s) ? ".attention.layer_norm_epsilon"
                                     : ".attention.layer_norm_rms_epsilon"),
               s.norm_eps);
  if (!is_neox_model(s)) return;
  const std::string parallel = a + ".use_parallel_residual";
  s.residual == ResidualKind::kParallel ? file.set_true(parallel) : file.set_false(parallel);
}

}  // namespace

std::string gguf_architecture(const ModelShape& shape) {
  if (shape.architecture == "LlamaForCausalLM") return "llama";
  if (shape.architecture == "Qwen2ForCausalLM") return "qwen2";
  return is_neox_model(shape) ? "gptneox" : "";
}

void set_gguf_model(const ModelShape& s, std::uint32_t file_type, GgufFile& file) {
  const std::string a = gguf_architecture(s);
  file.set_string("general.architecture", a);
  file.set_string("general.type", "model");
  file.set_u32("general.alignment", GgufFile::kAlignment);
  file.set_u32("general.quantization_version", 2);
  file.set_u32("general.file_type", file_type);
  const auto set = [&](const char* key, std::int64_t value) {
    file.set_u32(a + key, static_cast<std::uint32_t>(value));
  };
  set(".vocab_size", s.vocab_size);
  set(".context_length", s.max_positions);
  set(".embedding_length", s.hidden_size);
  set(".block_count", s.layers);
  set(".feed_forward_length", s.intermediate_size);
  set_attention(s, a, file);
}

std::vector<float> gguf_frequency_divisors(const ModelShape& shape) {
  if (!shape.rope_scaling) return {};
  RopeShape rope = rope_shape(shape);
  const std::vector<float> scaled = inverse_frequencies(rope);
  rope.scaling.reset();
  std::vector<float> divisors = inverse_frequencies(rope);
  for (std::size_t i = 0; i < divisors.size(); ++i) divisors[i] /= scaled[i];
  return divisors;
}

std::string gguf_name(const ModelShape& shape, const std::string& name) {
  const std::size_t end = name.rfind('.');
  const std::string_view module = std::string_view(name).substr(0, end);
  const std::string kind = name.substr(end);
  if (!module.starts_with(kLayers)) return std::string(renamed(kOutside, module)) + kind;
  const std::size_t dot = module.find('.', kLayers.size());
  const std::string_view theirs = renamed(kInLayers, module.substr(dot + 1));
  const bool fused = theirs == "attn_q" || theirs == "attn_k" || theirs == "attn_v";
  if (fused && is_neox_model(shape)) return {};
  const std::string number(module.substr(kLayers.size(), dot - kLayers.size()));
  return "blk." + number + "." + std::string(theirs) + kind;
}

std::int64_t gguf_source_row(const ModelShape& shape, const std::string& name, std::int64_t r) {
  if (gguf_architecture(shape) != "llama" || !is_query_or_key(name)) return r;
  const std::int64_t head = r / shape.head_dim, channel = r % shape.head_dim;
  return head * shape.head_dim + channel % 2 * (shape.head_dim / 2) + channel / 2;
}

}  // namespace trainer
