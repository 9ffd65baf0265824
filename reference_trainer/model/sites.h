// Fig. 4 of the paper as data: where a block quantizes, and which rotation acts there.
#pragma once

#include <array>
#include <cstdint>

#include "reference_trainer/io/model_shape.h"
#include "reference_trainer/ops/quant.h"

namespace trainer {

// Inputs of the linear layers, then what goes to the key/value cache. Not quantized anywhere:
// embeddings, head, norms, queries, attention probabilities, residual stream, biases.
enum class Site { kQkvInput, kKey, kValue, kOInput, kGateUpInput, kDownInput };
inline constexpr std::array kSites = {Site::kQkvInput, Site::kKey,         Site::kValue,
                                      Site::kOInput,   Site::kGateUpInput, Site::kDownInput};

constexpr const char* site_name(Site site) {
  switch (site) {
    case Site::kQkvInput:
      return "qkv_input";
    case Site::kKey:
      return "key";
    case Site::kValue:
      return "value";
    case Site::kOInput:
      return "o_input";
    case Site::kGateUpInput:
      return "gate_up_input";
    case Site::kDownInput:
      return "down_input";
  }
  return "";
}

constexpr bool is_kv_cache(Site site) { return site == Site::kKey || site == Site::kValue; }

// Linear layers that read the site: each has its own term in eq. (12).
constexpr int readers(const ModelShape& s, Site site) {
  if (site == Site::kQkvInput) return 3;
  return site == Site::kGateUpInput && s.mlp == MlpKind::kSwiGlu ? 2 : 1;
}

// Values that share one scale: a token, or a token's head in the cache.
constexpr std::int64_t group_size(const ModelShape& s, Site site) {
  switch (site) {
    case Site::kQkvInput:
    case Site::kGateUpInput:
      return s.hidden_size;
    case Site::kOInput:
      return s.query_width();
    case Site::kDownInput:
      return s.intermediate_size;
    default:
      return s.head_dim;
  }
}

// The quantizers of a model. bits 16 switches one off.
struct QuantConfig {
  QuantizerSettings weight;      // a group is an output channel
  QuantizerSettings activation;  // a group is a token
  QuantizerSettings kv;          // a group is a token's head

  const QuantizerSettings& at(Site site) const { return is_kv_cache(site) ? kv : activation; }
};

}  // namespace trainer
