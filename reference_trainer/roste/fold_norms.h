// App. D: absorb the gain of every RMSNorm into the weights that read it, so that the residual
// stream can be rotated. Tied embeddings are untied first, since the head absorbs the final gain
// alone.
#pragma once

#include <vector>

#include "reference_trainer/model/network.h"

namespace trainer {

// A tensor as doubles on the host, changed by f(values, rows, cols), and written back rounded once.
template <Backend B, class F>
void transform_in_double(B& backend, Tensor<B>& tensor, F&& f) {
  std::vector<float> host(static_cast<std::size_t>(tensor.size()));
  copy_to_host<float>(backend, tensor, host);
  std::vector<double> wide(host.begin(), host.end());
  f(wide, tensor.rows(), tensor.cols());
  for (std::size_t i = 0; i < host.size(); ++i) host[i] = static_cast<float>(wide[i]);
  copy_to_device<float>(backend, host, tensor);
}

// The head becomes a tensor of its own, equal to the embedding.
template <Backend B>
void untie_embeddings(B& backend, Network<B>& network) {
  if (!network.plan.shape.tied_embeddings) return;
  copy(backend, network.parameters.embedding, network.parameters.head);
  network.plan.shape.tied_embeddings = false;
}

// w[o, c] *= gain[c].
template <Backend B>
void absorb_gain(B& backend, const Tensor<B>& gain, Tensor<B>& w) {
  std::vector<float> g(static_cast<std::size_t>(gain.size()));
  copy_to_host<float>(backend, gain, g);
  transform_in_double(backend, w,
                      [&](std::vector<double>& values, std::int64_t, std::int64_t cols) {
                        for (std::size_t i = 0; i < values.size(); ++i)
                          values[i] *= g[i % static_cast<std::size_t>(cols)];
                      });
}

template <Backend B>
void set_ones(B& backend, Tensor<B>& gain) {
  const std::vector<float> ones(static_cast<std::size_t>(gain.size()), 1.0f);
  copy_to_device<float>(backend, ones, gain);
}

// A network that is already folded is left alone; gains that were trained after folding are folded
// again, in the basis in which they stand. Effective weights become stale.
template <Backend B>
void fold_norms(B& backend, Network<B>& network) {
  if (network.plan.norm_gains == NormGains::kFolded) return;
  untie_embeddings(backend, network);
  for (auto& layer : network.parameters.layers) {
    for (const Linear l : {Linear::kQ, Linear::kK, Linear::kV})
      absorb_gain(backend, layer.attention_norm, layer.weight[l]);
    for (const Linear l : {Linear::kGate, Linear::kUp})
      absorb_gain(backend, layer.mlp_norm, layer.weight[l]);
    set_ones(backend, layer.attention_norm);
    set_ones(backend, layer.mlp_norm);
  }
  absorb_gain(backend, network.parameters.final_norm, network.parameters.head);
  set_ones(backend, network.parameters.final_norm);
  network.plan.norm_gains = NormGains::kFolded;
}

}  // namespace trainer
