// From master weights to the weights of the forward pass, Q_w(R^T W) of eq. (5), and the way back
// for gradients, R g of eq. (15). Both run once per optimizer step, not once per micro-batch.
#pragma once

#include "reference_trainer/model/network.h"
#include "reference_trainer/ops/bfloat16.h"

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

// Neither rotated nor quantized: the effective weight is the parameter itself.
inline bool is_parameter(const ForwardPlan& plan, std::size_t layer, Linear l) {
  return !plan.quant.weight.enabled() && !is_rotated(unmerged_rotations(plan, layer), l);
}

// W [out, in]: where it lies, or made in `made`.
template <Backend B>
const Tensor<B>& parameter_values(B& backend, const Network<B>& network, std::size_t layer,
                                  Linear l, Tensor<B>& made) {
  if (!network.is_narrow()) return network.parameters.layers[layer].weight[l];
  widen(backend, network.narrow.layers[layer].weight[l], made);
  return made;
}

// w := R^T W.
template <Backend B>
void make_rotated_weight(B& backend, const Network<B>& network, std::size_t layer, Linear l,
                         Tensor<B>& w) {
  const Tensor<B>& values = parameter_values(backend, network, layer, l, w);
  if (&values != &w) copy(backend, values, w);
  rotate_weight(backend, unmerged_rotations(network.plan, layer), l, w);
}

// effective[layer].weight[l] := Q_w(R^T W), or empty where that is W itself, and its codes where
// the plan multiplies them.
template <Backend B>
void make_stored_weight(B& backend, std::size_t layer, Linear l, Network<B>& network) {
  const ForwardPlan& plan = network.plan;
  EffectiveLayer<B>& effective = network.effective[layer];
  Tensor<B>& w = effective.weight[l];
  if (is_parameter(plan, layer, l)) {
    w = Tensor<B>();
    return;
  }
  make_rotated_weight(backend, network, layer, l, w);
  if (plan.multiplies_codes()) {
    quantize_weight(backend, plan.quant.weight, w, effective.coded[l]);
  } else if (plan.quant.weight.enabled()) {
    fake_quantize(backend, plan.quant.weight, w.cols(), w);
  }
}

// The codes of Q_w(R^T W), if it has any; values for as long as they are being made.
template <Backend B>
void make_coded_weight(B& backend, std::size_t layer, Linear l, Network<B>& network) {
  const ForwardPlan& plan = network.plan;
  EffectiveLayer<B>& effective = network.effective[layer];
  effective.weight[l] = Tensor<B>();
  if (!plan.quant.weight.enabled()) return;
  Tensor<B> w;
  make_rotated_weight(backend, network, layer, l, w);
  if (plan.multiplies_codes()) {
    encode_weight(backend, plan.quant.weight, w, effective.coded[l]);
  } else {
    encode_weight(backend, plan.quant.weight, w, effective.packed[l]);
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
  const bool stored = network.effective_form == EffectiveForm::kStored;
  for (std::size_t i = 0; i < network.effective.size(); ++i) {
    for (const Linear l : linears_of(plan.shape)) {
      if (stored)
        make_stored_weight(backend, i, l, network);
      else
        make_coded_weight(backend, i, l, network);
    }
    make_effective_value_bias(backend, unmerged_rotations(plan, i),
                              network.parameters.layers[i].bias[Linear::kV],
                              network.effective[i].value_bias);
  }
}

// Q_w(R^T W) as values [out, in]: where they lie, or made in `made`.
template <Backend B>
const Tensor<B>& effective_weight(B& backend, const Network<B>& network, std::size_t layer,
                                  Linear l, Tensor<B>& made) {
  const ForwardPlan& plan = network.plan;
  const EffectiveLayer<B>& effective = network.effective[layer];
  if (!effective.weight[l].empty()) return effective.weight[l];
  const bool is_made = network.effective_form == EffectiveForm::kCodes &&
                       !holds_effective_weights(plan) && !is_parameter(plan, layer, l);
  if (!is_made) return parameter_values(backend, network, layer, l, made);
  if (plan.multiplies_codes()) {
    decode_weight(backend, effective.coded[l], made);
  } else if (plan.quant.weight.enabled()) {
    decode_weight(backend, effective.packed[l], made);
  } else {
    make_rotated_weight(backend, network, layer, l, made);
  }
  return made;
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
