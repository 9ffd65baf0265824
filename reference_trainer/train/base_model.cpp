#include "reference_trainer/train/base_model.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "reference_trainer/base/random.h"

namespace trainer {
namespace {

// Any two channels would do; of d = 128 these are 7 and 77.
constexpr std::size_t massive_channel(std::size_t d) { return d * 7 / 128; }
constexpr std::size_t second_massive_channel(std::size_t d) { return d * 77 / 128; }
constexpr float kSecondMassiveShare = -0.6f;

// One stream per tensor or layer.
RandomStream stream_of(std::uint64_t seed, std::uint64_t stream) {
  return RandomStream(roste::random_bits(seed, stream));
}

// Below n, with a bias below n / 2^64. Part of the recipe: it decides which channels are scaled.
std::size_t draw_channel(RandomStream& draws, std::size_t n) { return draws.next() % n; }

// Values of all tensors by name, in tensor_list's order.
class ValuesByName {
 public:
  ValuesByName(const ModelShape& shape, HostParameters& values) : values_(values) {
    Parameters<NoMemory> layout = parameter_layout(shape);
    for (const auto& t : tensor_list(layout)) {
      if (values_.size() <= index_.size())
        values_.emplace_back(static_cast<std::size_t>(t.tensor->size()));
      index_.emplace(t.name, index_.size());
    }
  }
  bool contains(const std::string& name) const { return index_.contains(name); }
  std::vector<float>& operator[](const std::string& name) { return values_[index_.at(name)]; }

 private:
  HostParameters& values_;
  std::map<std::string, std::size_t> index_;
};

std::string layer_prefix(std::int64_t i) { return "model.layers." + std::to_string(i) + "."; }

std::string weight_name(std::int64_t layer, Linear l) {
  return layer_prefix(layer) + linear_name(l) + ".weight";
}

void fill_normal(RandomStream draws, float std, std::vector<float>& values) {
  for (float& v : values) v = std * static_cast<float>(draws.normal());
}

// Embedding and head; the head starts as the scaled embedding, except in the massive channels.
void initialize_vocabulary(const ModelShape& shape, const BaseModelRecipe& recipe,
                           std::uint64_t seed, ValuesByName& p) {
  const auto d = static_cast<std::size_t>(shape.hidden_size);
  const float head_std = 1 / std::sqrt(static_cast<float>(d));
  auto& embedding = p["model.embed_tokens.weight"];
  fill_normal(stream_of(seed, 0), recipe.embedding_std, embedding);
  const bool massive = recipe.massive_scale != 0;
  if (p.contains("lm_head.weight")) {
    auto& head = p["lm_head.weight"];
    fill_normal(stream_of(seed, 1), head_std, head);
    for (std::size_t i = 0; i < head.size(); ++i) {
      const bool kept =
          massive && (i % d == massive_channel(d) || i % d == second_massive_channel(d));
      if (!kept) head[i] = embedding[i] / recipe.embedding_std * head_std;
    }
  }
  for (std::size_t row = 0; massive && row < embedding.size(); row += d) {
    embedding[row + massive_channel(d)] = recipe.massive_scale;
    embedding[row + second_massive_channel(d)] = kSecondMassiveShare * recipe.massive_scale;
  }
}

// Gains that make every normalized channel O(1), massive ones included.
std::vector<float> initial_gain(const ModelShape& shape, const BaseModelRecipe& recipe) {
  std::vector<float> gain(static_cast<std::size_t>(shape.hidden_size), 1.0f);
  if (recipe.massive_scale == 0) return gain;
  const float m = recipe.massive_scale, share = kSecondMassiveShare;
  const float rms = std::sqrt(recipe.embedding_std * recipe.embedding_std +
                              (1 + share * share) * m * m / static_cast<float>(shape.hidden_size));
  std::fill(gain.begin(), gain.end(), rms / recipe.embedding_std);
  gain[massive_channel(gain.size())] = rms / m;
  gain[second_massive_channel(gain.size())] = rms / (-share * m);
  return gain;
}

// The row of k or v that row r of q or column r of o belongs to.
std::size_t kv_row(const ModelShape& s, std::size_t r) {
  const auto head_dim = static_cast<std::size_t>(s.head_dim),
             share = static_cast<std::size_t>(s.heads / s.kv_heads);
  return r / head_dim / share * head_dim + r % head_dim;
}

// Mimetic initialisation: queries resemble keys (matching tokens attend to each other) and the
// output resembles the transposed value (attention copies).
void make_mimetic(const ModelShape& shape, const BaseModelRecipe& recipe, std::int64_t layer,
                  ValuesByName& p) {
  const auto d = static_cast<std::size_t>(shape.hidden_size),
             width = static_cast<std::size_t>(shape.query_width());
  auto& q = p[weight_name(layer, Linear::kQ)];
  auto& o = p[weight_name(layer, Linear::kO)];
  const auto& k = p[weight_name(layer, Linear::kK)];
  const auto& v = p[weight_name(layer, Linear::kV)];
  const float share = recipe.mimetic, rest = std::sqrt(1 - share * share);
  for (std::size_t r = 0; r < width; ++r) {
    for (std::size_t c = 0; c < d; ++c) {
      if (layer > 0) q[r * d + c] = share * k[kv_row(shape, r) * d + c] + rest * q[r * d + c];
      o[c * width + r] = 0.5f * v[kv_row(shape, r) * d + c] + 0.5f * o[c * width + r];
    }
  }
}

// Biases stay zero.
void initialize_layer(const ModelShape& shape, const BaseModelRecipe& recipe, std::uint64_t seed,
                      std::int64_t layer, ValuesByName& p) {
  const float branch_share = 1 / std::sqrt(2 * static_cast<float>(shape.layers));
  for (const Linear l : linears_of(shape)) {
    const bool ends_branch = l == Linear::kO || l == Linear::kDown;
    const float std = (ends_branch ? branch_share : 1.0f) /
                      std::sqrt(static_cast<float>(linear_shape(shape, l).in));
    const auto stream = static_cast<std::uint64_t>(
        2 + layer * static_cast<std::int64_t>(kLinears.size()) + static_cast<int>(l));
    fill_normal(stream_of(seed, stream), std, p[weight_name(layer, l)]);
  }
  if (recipe.mimetic > 0) make_mimetic(shape, recipe, layer, p);
  p[layer_prefix(layer) + "input_layernorm.weight"] = initial_gain(shape, recipe);
  p[layer_prefix(layer) + "post_attention_layernorm.weight"] = initial_gain(shape, recipe);
}

// Output `row` of a layer that reads the residual stream: weights and bias times `by`.
void scale_output(std::int64_t layer, Linear l, std::size_t row, float by, ValuesByName& p) {
  const std::string name = layer_prefix(layer) + linear_name(l);
  const std::size_t d = p["model.norm.weight"].size();
  std::vector<float>& w = p[name + ".weight"];
  for (std::size_t c = 0; c < d; ++c) w[row * d + c] *= by;
  if (p.contains(name + ".bias")) p[name + ".bias"][row] *= by;
}

// One RoPE pair of each kv head: k times `scale`, the queries that read it divided by it.
void move_to_keys(const ModelShape& s, float scale, RandomStream& draws, std::int64_t layer,
                  ValuesByName& p) {
  const auto half = static_cast<std::size_t>(s.rotary_dim() / 2),
             head_dim = static_cast<std::size_t>(s.head_dim);
  for (std::size_t h = 0; h < static_cast<std::size_t>(s.kv_heads); ++h) {
    const std::size_t pair = draw_channel(draws, half);
    for (const std::size_t channel : {pair, pair + half}) {
      const std::size_t row = h * head_dim + channel;
      scale_output(layer, Linear::kK, row, scale, p);
      for (std::size_t r = 0; r < static_cast<std::size_t>(s.query_width()); ++r) {
        if (kv_row(s, r) == row) scale_output(layer, Linear::kQ, r, 1 / scale, p);
      }
    }
  }
}

// Some hidden channels of a SwiGLU: up times `scale`, down's column divided by it.
void move_to_up(const ModelShape& s, const BaseModelRecipe& recipe, RandomStream& draws,
                std::int64_t layer, ValuesByName& p) {
  const auto ffn = static_cast<std::size_t>(s.intermediate_size);
  std::vector<std::size_t> channels;
  while (channels.size() < std::min(static_cast<std::size_t>(recipe.up_channels), ffn)) {
    const std::size_t c = draw_channel(draws, ffn);
    if (std::find(channels.begin(), channels.end(), c) == channels.end()) channels.push_back(c);
  }
  auto& down = p[weight_name(layer, Linear::kDown)];
  for (const std::size_t c : channels) {
    scale_output(layer, Linear::kUp, c, recipe.up_scale, p);
    for (std::size_t i = c; i < down.size(); i += ffn) down[i] /= recipe.up_scale;
  }
}

}  // namespace

HostParameters initial_values(const ModelShape& shape, const BaseModelRecipe& recipe,
                              std::uint64_t seed) {
  HostParameters values;
  ValuesByName p(shape, values);
  initialize_vocabulary(shape, recipe, seed, p);
  for (std::int64_t i = 0; i < shape.layers; ++i) initialize_layer(shape, recipe, seed, i, p);
  p["model.norm.weight"] = initial_gain(shape, recipe);
  return values;
}

void move_outliers(const ModelShape& shape, const BaseModelRecipe& recipe, std::uint64_t seed,
                   HostParameters& values) {
  ValuesByName p(shape, values);
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    RandomStream draws = stream_of(seed, static_cast<std::uint64_t>(1'000'000 + i));
    move_to_keys(shape, recipe.key_scale, draws, i, p);
    if (shape.mlp == MlpKind::kSwiGlu) move_to_up(shape, recipe, draws, i, p);
  }
}

}  // namespace trainer
