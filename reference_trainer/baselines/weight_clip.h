// Weights rounded to nearest with a clipping factor per output channel that is searched for, as
// QuaRot's --w_clip does. Upstream tries 80 factors down to 0.2 under |error|^2.4; we try the
// library's 13 down to 0.4 (roste/cpu/clip_search.h) under the squared error of eq. (12).
#pragma once

#include <vector>

#include "reference_trainer/base/thread_pool.h"
#include "reference_trainer/roste/round_to_nearest.h"
#include "roste/core/grid.h"
#include "roste/cpu/matrix_view.h"

namespace trainer {

enum class WeightClip {
  kNone,  // the quantizer's own factor c
  kMse,   // for every output channel the factor with the least squared error; c is not used
};

// Scale and zero point of every row of weight [out, in]. settings.bits are 2 ... 8. Throws
// std::invalid_argument otherwise, and std::domain_error naming row and column of a non-finite
// value.
std::vector<roste::GroupParams> fit_weight(ThreadPool& pool, const QuantizerSettings& settings,
                                           WeightClip clip,
                                           roste::cpu::MatrixView<const float> weight);

// rounded := Q(weight) under given params, one per row; both [out, in], and may be the same. Throws
// std::invalid_argument for shapes that do not fit.
void round_weight(const QuantizerSettings& settings, std::span<const roste::GroupParams> params,
                  roste::cpu::MatrixView<const float> weight,
                  roste::cpu::MatrixView<float> rounded);

inline QuantConfig without_weight_quantizer(QuantConfig quant) {
  quant.weight = QuantizerSettings();
  return quant;
}

// A linear layer's weight as the forward pass multiplies it, row-major.
template <Backend B>
std::vector<float> host_weight(B& backend, const Network<B>& network, std::size_t layer, Linear l) {
  const Tensor<B>& w = network.weight(layer, l);
  std::vector<float> host(static_cast<std::size_t>(w.size()));
  copy_to_host<float>(backend, w, host);
  return host;
}

// Replaces that weight; the parameter that it was made from stays.
template <Backend B>
void set_effective_weight(B& backend, std::span<const float> host, std::size_t layer, Linear l,
                          Network<B>& network) {
  const Tensor<B>& parameter = network.parameters.layers[layer].weight[l];
  Tensor<B>& w = network.effective[layer].weight[l];
  w.reshape(backend, parameter.rows(), parameter.cols());
  copy_to_device<float>(backend, host, w);
}

// RTN and QuaRot-RTN: round_to_nearest.h with a choice of clipping. A folded, unrotated network
// becomes the quantized model of `quant` and `choice`.
template <Backend B>
void round_to_nearest(B& backend, const QuantConfig& quant, const RotationChoice& choice,
                      WeightClip clip, Network<B>& network) {
  if (clip == WeightClip::kNone || !quant.weight.enabled())
    return round_to_nearest(backend, quant, choice, network);
  apply_plan(backend, without_weight_quantizer(quant), choice, network);
  network.packed = PackedWeights(network.effective.size());
  for (std::size_t i = 0; i < network.effective.size(); ++i) {
    for (const Linear l : kLinears) {
      const Tensor<B>& w = network.weight(i, l);
      if (w.empty()) continue;  // a layer that this kind of block does not have
      std::vector<float> host = host_weight(backend, network, i, l);
      const roste::cpu::MatrixView<float> view(host.data(), w.rows(), w.cols());
      const auto params = fit_weight(backend.pool(), quant.weight, clip, view);
      const roste::cpu::MatrixView<const float> read(host.data(), w.rows(), w.cols());
      network.packed[i][l] = pack_weight(quant.weight, params, read);
      round_weight(quant.weight, params, view, view);
      set_effective_weight<B>(backend, host, i, l, network);
    }
  }
  network.plan.quant = quant;
  store_effective_weights(network);
}

}  // namespace trainer
