// RTN: weights rounded to the nearest point of their grid, without any data.
#pragma once

#include <utility>
#include <vector>

#include "reference_trainer/roste/merge_rotations.h"

namespace trainer {

// Replaces every parameter of one layer that has an effective form by it. The forward pass stays
// the same as long as the effective weights are not updated.
template <Backend B>
void store_effective_layer(std::size_t layer, Network<B>& network) {
  EffectiveLayer<B>& effective = network.effective[layer];
  LayerParameters<B>& stored = network.parameters.layers[layer];
  for (const Linear l : linears_of(network.plan.shape)) {
    if (!effective.weight[l].empty())
      stored.weight[l] = std::exchange(effective.weight[l], Tensor<B>());
  }
  effective.coded = {};
  if (!effective.value_bias.empty())
    stored.bias[Linear::kV] = std::exchange(effective.value_bias, Tensor<B>());
}

// The same for all layers; the network is no longer trainable.
template <Backend B>
void store_effective_weights(Network<B>& network) {
  for (std::size_t i = 0; i < network.effective.size(); ++i) store_effective_layer(i, network);
  network.plan.weight_form = WeightForm::kEffective;
}

// The weight that make_stored_weight quantizes: R^T W of eq. (5), on the host.
template <Backend B>
std::vector<float> host_rotated_weight(B& backend, const Network<B>& network, std::size_t layer,
                                       Linear l) {
  const Tensor<B>& master = network.parameters.layers[layer].weight[l];
  Tensor<B> w;
  copy(backend, master, w);
  rotate_weight(backend, unmerged_rotations(network.plan, layer), l, w);
  std::vector<float> host(static_cast<std::size_t>(w.size()));
  copy_to_host<float>(backend, w, host);
  return host;
}

// network.packed := the codes of the effective weights, those of the forward pass. Nothing where
// the plan quantizes no weight; weights must not be effective already.
template <Backend B>
void pack_effective_weights(B& backend, Network<B>& network) {
  const QuantizerSettings& quant = network.plan.quant.weight;
  network.packed.clear();
  if (!quant.enabled()) return;
  network.packed.resize(network.effective.size());
  for (std::size_t i = 0; i < network.packed.size(); ++i) {
    for (const Linear l : linears_of(network.plan.shape)) {
      const std::vector<float> w = host_rotated_weight(backend, network, i, l);
      const LinearShape shape = linear_shape(network.plan.shape, l);
      network.packed[i][l] = pack_weight(quant, {w.data(), shape.out, shape.in});
    }
  }
}

// A network under its quantizers becomes the model that it computes: effective weights, and their
// codes.
template <Backend B>
void finish_training(B& backend, Network<B>& network) {
  pack_effective_weights(backend, network);
  store_effective_weights(network);
}

// A folded, unrotated network becomes the quantized model of `quant` and `choice`.
template <Backend B>
void round_to_nearest(B& backend, const QuantConfig& quant, const RotationChoice& choice,
                      Network<B>& network) {
  apply_plan(backend, quant, choice, network);
  finish_training(backend, network);
}

}  // namespace trainer
