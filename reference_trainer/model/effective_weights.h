// From master weights to the weights of the forward pass, Q_w(R^T W) of eq. (5), and the way back
// for gradients, R g of eq. (15). Both run once per optimizer step, not once per micro-batch.
#pragma once

#include "reference_trainer/model/network.h"

namespace trainer {

// R2 acts on the outputs of V and the inputs of O, R4 on the inputs of down.
template <Backend B>
void rotate_weight(B& backend, const LayerRotations& r, Linear l, Tensor<B>& w) {
  if (l == Linear::kV && r.r2) rotate_outputs(backend, *r.r2, w);
  if (l == Linear::kO && r.r2) rotate(backend, *r.r2, w);
  if (l == Linear::kDown && r.r4) rotate(backend, *r.r4, w);
}

template <Backend B>
void rotate_weight_transposed(B& backend, const LayerRotations& r, Linear l, Tensor<B>& dw) {
  if (l == Linear::kV && r.r2) rotate_outputs_transposed(backend, *r.r2, dw);
  if (l == Linear::kO && r.r2) rotate_transposed(backend, *r.r2, dw);
  if (l == Linear::kDown && r.r4) rotate_transposed(backend, *r.r4, dw);
}

inline bool is_rotated(const LayerRotations& r, Linear l) {
  return ((l == Linear::kV || l == Linear::kO) && r.r2) || (l == Linear::kDown && r.r4);
}

// What the stored weights of a layer still lack: nothing once R2 and R4 are merged into them.
inline LayerRotations unmerged_rotations(const ForwardPlan& plan, std::size_t layer) {
  return plan.weight_form == WeightForm::kMaster ? plan.at(layer) : LayerRotations();
}

// Q_w(R^T W) of one linear layer, or an empty tensor where that is W itself, and its codes where
// the plan multiplies them.
template <Backend B>
void make_effective_weight(B& backend, const ForwardPlan& plan, std::size_t layer, Linear l,
                           const Tensor<B>& master, EffectiveLayer<B>& effective) {
  const QuantizerSettings& quant = plan.quant.weight;
  const LayerRotations rotations = unmerged_rotations(plan, layer);
  Tensor<B>& w = effective.weight[l];
  if (!quant.enabled() && !is_rotated(rotations, l)) {
    w = Tensor<B>();
    return;
  }
  copy(backend, master, w);
  rotate_weight(backend, rotations, l, w);
  if (plan.multiplies_codes()) {
    quantize_weight(backend, quant, w, effective.coded[l]);
  } else if (quant.enabled()) {
    fake_quantize(backend, quant, w.cols(), w);
  }
}

// V's bias is rotated with its output.
template <Backend B>
void make_effective_value_bias(B& backend, const LayerRotations& r, const Tensor<B>& master,
                               Tensor<B>& bias) {
  if (!r.r2 || master.empty()) {
    bias = Tensor<B>();
    return;
  }
  copy(backend, master, bias);
  rotate(backend, *r.r2, bias);
}

inline bool holds_effective_weights(const ForwardPlan& plan) {
  return plan.weight_form == WeightForm::kEffective || plan.weight_form == WeightForm::kCodes;
}

// Recomputes network.effective from network.parameters and network.plan; must follow every change
// of either. Weights that are stored in effective form are used as they are.
template <Backend B>
void update_effective_weights(B& backend, Network<B>& network) {
  const ForwardPlan& plan = network.plan;
  if (holds_effective_weights(plan)) return;
  for (std::size_t i = 0; i < network.effective.size(); ++i) {
    const LayerParameters<B>& master = network.parameters.layers[i];
    EffectiveLayer<B>& effective = network.effective[i];
    for (const Linear l : linears_of(plan.shape)) {
      make_effective_weight(backend, plan, i, l, master.weight[l], effective);
    }
    make_effective_value_bias(backend, unmerged_rotations(plan, i), master.bias[Linear::kV],
                              effective.value_bias);
  }
}

// Turns gradients with respect to the effective weights into gradients with respect to the master
// weights, in place. The quantizer passes them through unchanged (STE, eq. 6).
template <Backend B>
void pull_back_gradients(B& backend, const ForwardPlan& plan, Parameters<B>& gradients) {
  for (std::size_t i = 0; i < gradients.layers.size(); ++i) {
    const LayerRotations rotations = unmerged_rotations(plan, i);
    for (const Linear l : linears_of(plan.shape)) {
      rotate_weight_transposed(backend, rotations, l, gradients.layers[i].weight[l]);
    }
    Tensor<B>& value_bias = gradients.layers[i].bias[Linear::kV];
    if (rotations.r2 && !value_bias.empty()) rotate_transposed(backend, *rotations.r2, value_bias);
  }
}

}  // namespace trainer
