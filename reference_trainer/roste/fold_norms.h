// App. D: absorb what a norm multiplies and adds into the weights that read it, so that the
// residual stream can be rotated. A LayerNorm becomes an RMSNorm on a stream whose channels have
// mean 0: then variance and mean square are one, LN(x) = x / rms(x) * g + b with the same eps.
// Tied embeddings are untied first: the head absorbs the final norm alone, and is not centred.
#pragma once

#include <span>
#include <vector>

#include "reference_trainer/model/network.h"
#include "reference_trainer/roste/fold_values.h"

namespace trainer {

template <Backend B>
std::vector<double> host_doubles(B& backend, const Tensor<B>& tensor) {
  std::vector<float> host(static_cast<std::size_t>(tensor.size()));
  copy_to_host<float>(backend, tensor, host);
  return {host.begin(), host.end()};
}

// A tensor as a matrix of doubles on the host, changed by f(matrix), and written back rounded once.
template <Backend B, class F>
void transform_in_double(B& backend, Tensor<B>& tensor, F&& f) {
  std::vector<double> wide = host_doubles(backend, tensor);
  f(DoubleMatrix(wide.data(), tensor.rows(), tensor.cols()));
  const std::vector<float> host(wide.begin(), wide.end());
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
  const std::vector<double> g = host_doubles(backend, gain);
  transform_in_double(backend, w, [&](DoubleMatrix wide) { absorb_gain(g, wide); });
}

// An empty bias becomes one of zeros, for the outputs of w.
template <Backend B>
void ensure_bias(B& backend, const Tensor<B>& w, Tensor<B>& bias) {
  if (!bias.empty()) return;
  bias.reshape(backend, 1, w.rows());
  fill_zero(backend, bias);
}

// bias[o] += sum over c of w[o, c] shift[c]. Nothing to do where the norm has no shift.
template <Backend B>
void absorb_shift(B& backend, const Tensor<B>& shift, const Tensor<B>& w, Tensor<B>& bias) {
  if (shift.empty()) return;
  ensure_bias(backend, w, bias);
  std::vector<double> b = host_doubles(backend, shift), weight = host_doubles(backend, w);
  const DoubleMatrix wide(weight.data(), w.rows(), w.cols());
  transform_in_double(backend, bias, [&](DoubleMatrix row) {
    absorb_shift(b, wide, {row.data, static_cast<std::size_t>(row.cols)});
  });
}

template <Backend B>
void set_ones(B& backend, Tensor<B>& gain) {
  const std::vector<float> ones(static_cast<std::size_t>(gain.size()), 1.0f);
  copy_to_device<float>(backend, ones, gain);
}

// Every row minus its mean: the embedding, and a bias that is added to the stream.
template <Backend B>
void centre_rows(B& backend, Tensor<B>& x) {
  if (x.empty()) return;
  transform_in_double(backend, x, [](DoubleMatrix wide) { centre_rows(wide); });
}

// Every column minus its mean: a weight [d, in] whose output is added to the stream.
template <Backend B>
void centre_columns(B& backend, Tensor<B>& w) {
  transform_in_double(backend, w, [](DoubleMatrix wide) { centre_columns(wide); });
}

// Takes the mean over channels out of everything that writes to the residual stream, which no
// LayerNorm sees.
template <Backend B>
void centre_stream(B& backend, Parameters<B>& p) {
  centre_rows(backend, p.embedding);
  for (auto& layer : p.layers) {
    for (const Linear l : {Linear::kO, Linear::kDown}) {
      centre_columns(backend, layer.weight[l]);
      centre_rows(backend, layer.bias[l]);
    }
  }
}

// The norm in front of `readers` of one block hands its gain and its bias over to them.
template <Backend B>
void absorb_norm(B& backend, std::span<const Linear> readers, Tensor<B>& gain, Tensor<B>& shift,
                 LayerParameters<B>& layer) {
  for (const Linear l : readers) {
    Tensor<B>& w = layer.weight[l];
    if (w.empty()) continue;
    absorb_shift(backend, shift, w, layer.bias[l]);
    absorb_gain(backend, gain, w);
  }
  set_ones(backend, gain);
  shift = Tensor<B>();
}

// What the shape of a folded LayerNorm model is: docs/formats.md.
inline void become_rms_norm(ModelShape& shape) {
  shape.norm = NormKind::kRmsNorm;
  shape.qkv_bias = shape.mlp_bias = shape.head_bias = true;
  shape.architecture = kFoldedNeoXArchitecture;
}

// A network that is already folded is left alone; gains that were trained after folding are folded
// again, in the basis in which they stand. Effective weights become stale.
template <Backend B>
void fold_norms(B& backend, Network<B>& network) {
  if (network.plan.norm_gains == NormGains::kFolded) return;
  untie_embeddings(backend, network);
  Parameters<B>& p = network.parameters;
  const bool centres = network.plan.shape.norm == NormKind::kLayerNorm;
  if (centres) centre_stream(backend, p);
  constexpr std::array kAttentionReaders = {Linear::kQ, Linear::kK, Linear::kV};
  constexpr std::array kMlpReaders = {Linear::kGate, Linear::kUp};
  for (auto& layer : p.layers) {
    absorb_norm<B>(backend, kAttentionReaders, layer.attention_norm, layer.attention_norm_bias,
                   layer);
    absorb_norm<B>(backend, kMlpReaders, layer.mlp_norm, layer.mlp_norm_bias, layer);
    if (centres) ensure_bias(backend, layer.weight[Linear::kDown], layer.bias[Linear::kDown]);
  }
  absorb_shift(backend, p.final_norm_bias, p.head, p.head_bias);
  absorb_gain(backend, p.final_norm, p.head);
  set_ones(backend, p.final_norm);
  p.final_norm_bias = Tensor<B>();
  if (centres) become_rms_norm(network.plan.shape);
  network.plan.norm_gains = NormGains::kFolded;
}

}  // namespace trainer
