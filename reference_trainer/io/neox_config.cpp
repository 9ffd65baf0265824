#include "reference_trainer/io/neox_config.h"

#include <cmath>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/config_rules.h"

namespace trainer {
namespace {

// Of transformers: what a config.json without these keys means.
constexpr RopeKeys kRopeKeys = {"rotary_emb_base", "rotary_pct", 0.25};

// transformers truncates the product.
void read_rotary(const ConfigReader& config, ModelShape& shape) {
  const RopeConfig rope = read_rope(config, kRopeKeys);
  shape.rope_theta = rope.theta;
  shape.rope_scaling = rope.scaling;
  const bool in_range = rope.fraction > 0 && rope.fraction <= 1;
  const auto channels =
      in_range ? static_cast<std::int64_t>(static_cast<double>(shape.head_dim) * rope.fraction) : 0;
  if (channels < 2 || channels % 2 != 0) {
    throw_bad_input({"CF-07", rope.fraction_place, shown(rope.fraction),
                     "a share of the head's " + std::to_string(shape.head_dim) +
                         " channels that is an even number of them",
                     "RoPE rotates pairs"});
  }
  shape.partial_rotary_dim = channels;
}

void read_sizes(const ConfigReader& config, ModelShape& shape) {
  shape.vocab_size = config.size("vocab_size");
  shape.hidden_size = config.size("hidden_size", kWidthRange);
  shape.intermediate_size = config.size("intermediate_size", kWidthRange);
  shape.layers = config.size("num_hidden_layers", kLayerRange);
  shape.heads = shape.kv_heads = config.size("num_attention_heads");
  shape.head_dim = whole_head_dim(config, shape, "");
  shape.max_positions = config.size("max_position_embeddings");
  shape.norm_eps = read_epsilon(config, "layer_norm_eps");
}

// Folding puts the norms' biases into q, k, v, up and the head.
void read_kind(const ConfigReader& config, Dialect dialect, ModelShape& shape) {
  const bool folded = dialect == Dialect::kFoldedNeoX;
  shape.norm = folded ? NormKind::kRmsNorm : NormKind::kLayerNorm;
  shape.mlp = MlpKind::kGelu;
  shape.residual = config.is_false("use_parallel_residual") ? ResidualKind::kSequential
                                                            : ResidualKind::kParallel;
  shape.output_bias = !config.is_false("attention_bias");
  shape.qkv_bias = shape.output_bias || folded;
  shape.mlp_bias = true;
  shape.head_bias = folded;
  shape.tied_embeddings = config.is_true("tie_word_embeddings");
}

// The smallest double by which readers, who truncate, find rotary_dim again.
double rotary_share(const ModelShape& shape) {
  const auto turned = static_cast<double>(shape.rotary_dim());
  const auto all = static_cast<double>(shape.head_dim);
  const double share = turned / all;
  return share * all < turned ? std::nextafter(share, 2.0) : share;
}

}  // namespace

void read_neox_shape(const ConfigReader& config, Dialect dialect, ModelShape& shape) {
  require_if_present(config, "hidden_act", "gelu");
  read_sizes(config, shape);
  read_rotary(config, shape);
  read_kind(config, dialect, shape);
}

nlohmann::ordered_json neox_config_json(const ModelShape& shape) {
  nlohmann::ordered_json config = {
      {"vocab_size", shape.vocab_size},
      {"hidden_size", shape.hidden_size},
      {"intermediate_size", shape.intermediate_size},
      {"num_hidden_layers", shape.layers},
      {"num_attention_heads", shape.heads},
      {"max_position_embeddings", shape.max_positions},
      {"layer_norm_eps", with_few_digits(shape.norm_eps)},
      {"rotary_emb_base", with_few_digits(shape.rope_theta)},
      {"rotary_pct", rotary_share(shape)},
      {"hidden_act", "gelu"},
      {"use_parallel_residual", shape.residual == ResidualKind::kParallel},
      {"attention_bias", shape.output_bias}};
  if (shape.rope_scaling) config["rope_scaling"] = rope_scaling_json(shape);
  return config;
}

bool is_neox_shape(const ModelShape& s, Dialect dialect) {
  const bool folded = dialect == Dialect::kFoldedNeoX;
  return s.norm == (folded ? NormKind::kRmsNorm : NormKind::kLayerNorm) &&
         s.mlp == MlpKind::kGelu && s.kv_heads == s.heads && s.query_width() == s.hidden_size &&
         s.mlp_bias && s.head_bias == folded && s.qkv_bias == (s.output_bias || folded);
}

}  // namespace trainer
