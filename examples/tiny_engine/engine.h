// Inference with quantized weights, activations and key/value cache: every linear layer is a
// product of codes, attention reads the cache's codes, and the rotations R3 and R4 work online.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "examples/tiny_engine/model.h"
#include "roste/cpu/kv_cache.h"
#include "roste/cpu/multiply.h"
#include "roste/roste.h"

namespace tiny_engine {

namespace cpu = roste::cpu;

// x := x / sqrt(mean x^2 + eps) * gain
inline Values rms_norm(const Values& x, const Values& gain, float eps) {
  float sum = 0;
  for (const float v : x) sum += v * v;
  const float scale = 1.0f / std::sqrt(sum / static_cast<float>(x.size()) + eps);
  Values y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] * scale * gain[i];
  return y;
}

// Rotates the pairs (i, i + d/2) of each head of d values by position / theta^(2 i / d).
inline void rope(const Config& c, std::int64_t position, Values& x) {
  const auto half = static_cast<std::size_t>(c.head_dim / 2);
  for (std::size_t first = 0; first < x.size(); first += 2 * half) {
    for (std::size_t i = 0; i < half; ++i) {
      const float exponent = static_cast<float>(i) / static_cast<float>(half);
      const float angle = static_cast<float>(position) * std::pow(c.rope_theta, -exponent);
      float &a = x[first + i], &b = x[first + i + half];
      const float rotated = a * std::cos(angle) - b * std::sin(angle);
      b = b * std::cos(angle) + a * std::sin(angle);
      a = rotated;
    }
  }
}

inline void add(const Values& x, Values& sum) {
  for (std::size_t i = 0; i < x.size(); ++i) sum[i] += x[i];
}

// Bits: of weights (symmetric, per output), activations (asymmetric, per token) and the cache.
template <int Bits>
class Engine {
  using Weight = roste::QuantSpec<Bits, roste::Symmetric, roste::PerRow>;
  using Activation = roste::QuantSpec<Bits, roste::Asymmetric, roste::PerRow>;
  using Cache =
      cpu::KvCache<roste::QuantSpec<Bits, roste::Asymmetric, roste::PerGroup<roste::kDynamic>>>;

  struct QuantizedLayer {
    Values attention_norm, ffn_norm;
    cpu::ProductWeights q, k, v, o, gate, up, down;
    Cache keys, values;
  };

 public:
  // For sequences of at most `tokens` tokens.
  Engine(const Model& model, std::int64_t tokens)
      : config_(model.config),
        embedding_(model.embedding),
        final_norm_(model.final_norm),
        lm_head_(model.lm_head),
        r3_(roste::Rotation::hadamard(config_.head_dim, /*seed=*/3)),
        r4_(roste::Rotation::hadamard(config_.ffn, /*seed=*/4)) {
    const cpu::KvShape shape{config_.kv_heads, config_.head_dim};
    const std::int64_t heads = config_.heads * config_.head_dim;
    for (const Layer& l : model.layers) {
      Values down = l.down;  // R4 on both sides of a product cancels out
      cpu::rotate_rows(r4_, rows_of(down, config_.ffn));
      layers_.push_back({l.attention_norm, l.ffn_norm, prepare(l.q, config_.hidden),
                         prepare(l.k, config_.hidden), prepare(l.v, config_.hidden),
                         prepare(l.o, heads), prepare(l.gate, config_.hidden),
                         prepare(l.up, config_.hidden), prepare(down, config_.ffn),
                         Cache(shape, tokens), Cache(shape, tokens)});
    }
  }

  // The logits [vocab] of what follows `token`, which comes after all tokens before.
  Values forward(int token) {
    const auto first = static_cast<std::int64_t>(token) * config_.hidden;
    Values x(embedding_.begin() + first, embedding_.begin() + first + config_.hidden);
    for (QuantizedLayer& layer : layers_) {
      add(attention(rms_norm(x, layer.attention_norm, config_.norm_eps), layer), x);
      add(ffn(rms_norm(x, layer.ffn_norm, config_.norm_eps), layer), x);
    }
    x = rms_norm(x, final_norm_, config_.norm_eps);
    Values logits(static_cast<std::size_t>(config_.vocab), 0.0f);
    for (std::size_t i = 0; i < lm_head_.size(); ++i) {
      logits[i / x.size()] += lm_head_[i] * x[i % x.size()];
    }
    return logits;
  }

 private:
  static cpu::MatrixView<float> rows_of(Values& x, std::int64_t cols) {
    return {x.data(), std::ssize(x) / cols, cols};
  }

  static cpu::ProductWeights prepare(Values w, std::int64_t inputs) {
    return cpu::ProductWeights(cpu::ToQuantize{roste::Quantizer<Weight>(), rows_of(w, inputs)});
  }

  Values linear(Values x, const cpu::ProductWeights& w) {
    Values y(static_cast<std::size_t>(w.outputs()));
    const cpu::ToQuantize activations{roste::Quantizer<Activation>(), rows_of(x, std::ssize(x))};
    cpu::multiply(activations, w, {}, rows_of(y, std::ssize(y)), workspace_);
    return y;
  }

  Values attention(const Values& x, QuantizedLayer& layer) {
    Values q = linear(x, layer.q), k = linear(x, layer.k), v = linear(x, layer.v);
    const std::int64_t position = layer.keys.tokens();
    for (Values* heads : {&q, &k}) {
      rope(config_, position, *heads);
      cpu::rotate_rows(r3_, rows_of(*heads, config_.head_dim));
    }
    layer.keys.append(rows_of(k, std::ssize(k)));
    layer.values.append(rows_of(v, std::ssize(v)));

    Values scores(static_cast<std::size_t>(position + 1)), out(q.size());
    const auto d = static_cast<std::size_t>(config_.head_dim);
    for (std::int64_t h = 0; h < config_.heads; ++h) {
      const std::int64_t kv_head = h / (config_.heads / config_.kv_heads);
      const std::size_t at = static_cast<std::size_t>(h) * d;
      layer.keys.dot(kv_head, std::span(q).subspan(at, d), scores);
      softmax(scores);
      layer.values.weighted_sum(kv_head, scores, std::span(out).subspan(at, d));
    }
    return linear(out, layer.o);
  }

  void softmax(Values& scores) const {
    const float scale = 1.0f / std::sqrt(static_cast<float>(config_.head_dim));
    const float largest = *std::max_element(scores.begin(), scores.end());
    float sum = 0;
    for (float& s : scores) sum += s = std::exp((s - largest) * scale);
    for (float& s : scores) s /= sum;
  }

  // down(silu(gate x) o up x), eq. (5) with R4 around the down-projection.
  Values ffn(const Values& x, QuantizedLayer& layer) {
    Values gate = linear(x, layer.gate);
    const Values up = linear(x, layer.up);
    for (std::size_t i = 0; i < gate.size(); ++i) {
      gate[i] *= up[i] / (1.0f + std::exp(-gate[i]));
    }
    cpu::rotate_rows(r4_, rows_of(gate, config_.ffn));
    return linear(gate, layer.down);
  }

  Config config_;
  Values embedding_, final_norm_, lm_head_;
  roste::Rotation r3_, r4_;
  std::vector<QuantizedLayer> layers_;
  cpu::ProductWorkspace workspace_;
};

}  // namespace tiny_engine
