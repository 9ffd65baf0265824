// Low-rank adapters beside the linear layers of a model (LoRA, Hu et al. 2022).
#pragma once

#include <string>
#include <vector>

#include "reference_trainer/model/parameters.h"
#include "reference_trainer/ops/low_rank.h"

namespace trainer {

// A linear layer with an adapter computes x W^T + scale * (x a^T) b^T. x is what W multiplies:
// quantized, and rotated by R2 or R4, where the plan says so.
template <Backend B>
struct Adapter {
  Tensor<B> a;  // [r, in]
  Tensor<B> b;  // [out, r]
  bool empty() const { return a.empty(); }
};

template <Backend B>
struct Adapters {
  double scale = 1;                           // alpha / r
  std::vector<PerLinear<Adapter<B>>> layers;  // [layers], or empty: the model has none

  // Null where the layer has none.
  const Adapter<B>* find(std::size_t layer, Linear l) const {
    if (layers.empty() || layers[layer][l].empty()) return nullptr;
    return &layers[layer][l];
  }
  LowRank<B> weight(const Adapter<B>& adapter) const {
    return {adapter.a, adapter.b, static_cast<float>(scale)};
  }
};

// All tensors in a fixed order, named as adapters are in files.
template <Backend B>
std::vector<NamedTensor<B>> tensor_list(Adapters<B>& adapters) {
  std::vector<NamedTensor<B>> list;
  for (std::size_t i = 0; i < adapters.layers.size(); ++i) {
    for (const Linear l : kLinears) {
      Adapter<B>& adapter = adapters.layers[i][l];
      if (adapter.empty()) continue;
      const std::string name = "model.layers." + std::to_string(i) + "." + linear_name(l);
      list.push_back({name + ".lora_A.weight", TensorKind::kLinearWeight, &adapter.a});
      list.push_back({name + ".lora_B.weight", TensorKind::kLinearWeight, &adapter.b});
    }
  }
  return list;
}

// As many tensors of the same shapes, all zero.
template <Backend B>
Adapters<B> zeros_like(B& backend, const Adapters<B>& adapters) {
  Adapters<B> zeros;
  zeros.scale = adapters.scale;
  zeros.layers.resize(adapters.layers.size());
  for (std::size_t i = 0; i < adapters.layers.size(); ++i) {
    for (const Linear l : kLinears) {
      const Adapter<B>* from = adapters.find(i, l);
      if (from == nullptr) continue;
      Adapter<B>& to = zeros.layers[i][l];
      to.a.reshape(backend, from->a.rows(), from->a.cols());
      to.b.reshape(backend, from->b.rows(), from->b.cols());
    }
  }
  fill_zero(backend, zeros);
  return zeros;
}

template <Backend B>
void fill_zero(B& backend, Adapters<B>& adapters) {
  for (auto& t : tensor_list(adapters)) fill_zero(backend, *t.tensor);
}

}  // namespace trainer
