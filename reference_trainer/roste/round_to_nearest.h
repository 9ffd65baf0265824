// RTN: weights rounded to the nearest point of their grid, without any data.
#pragma once

#include <utility>

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

// A folded, unrotated network becomes the quantized model of `quant` and `choice`.
template <Backend B>
void round_to_nearest(B& backend, const QuantConfig& quant, const RotationChoice& choice,
                      Network<B>& network) {
  apply_plan(backend, quant, choice, network);
  store_effective_weights(network);
}

}  // namespace trainer
