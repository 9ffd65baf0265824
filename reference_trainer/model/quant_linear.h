// LIN of eq. (5), y = Q_x(x R) Q_w(R^T W) + b, forward and straight-through backward. The
// activation is quantized once for all linear layers that read it.
#pragma once

#include "reference_trainer/model/activations.h"
#include "reference_trainer/model/effective_weights.h"
#include "reference_trainer/ops/elementwise.h"
#include "reference_trainer/ops/matmul.h"

namespace trainer {

// Sees the unquantized input of every quantizer: void operator()(layer, site, const Tensor<B>&).
struct NoTap {
  template <class T>
  void operator()(std::size_t, Site, const T&) const {}
};

// x := Q(x) for a site of the cache; the tap sees x before.
template <Backend B, class Tap>
void quantize_cached(B& backend, const ForwardPlan& plan, std::size_t layer, Site site, Tap& tap,
                     Tensor<B>& x) {
  tap(layer, site, std::as_const(x));
  const QuantizerSettings& settings = plan.quant.at(site);
  if (settings.enabled()) fake_quantize(backend, settings, group_size(plan.shape, site), x);
}

// x := Q(x) for the input of linear layers, and its codes where the plan multiplies them; else
// `codes` is emptied.
template <Backend B, class Tap>
void quantize_input(B& backend, const ForwardPlan& plan, std::size_t layer, Site site, Tap& tap,
                    Tensor<B>& x, CodedRows<B>& codes) {
  tap(layer, site, std::as_const(x));
  const QuantizerSettings& settings = plan.quant.at(site);
  if (plan.multiplies_codes()) {
    quantize_rows(backend, settings, x, codes);
    return;
  }
  codes = {};
  if (settings.enabled()) fake_quantize(backend, settings, group_size(plan.shape, site), x);
}

// What a linear layer reads: values, which are what the codes stand for if there are any.
template <Backend B>
struct LinearInput {
  const Tensor<B>& values;
  const CodedRows<B>& codes;
};

// y[N, out] := x[N, in] W^T + b with the effective weight.
template <Backend B>
void base_linear_forward(B& backend, const Network<B>& network, std::size_t layer, Linear l,
                         const LinearInput<B>& x, Tensor<B>& y) {
  const Tensor<B>& b = network.bias(layer, l);
  if (!x.codes.empty()) {
    coded_matmul_nt(backend, x.codes, network.effective[layer].coded[l], b, y);
    return;
  }
  Tensor<B> made;
  matmul_nt(backend, x.values, effective_weight(backend, network, layer, l, made), y);
  if (!b.empty()) bias_forward(backend, b, y);
}

// The same and the layer's adapter, if it has one.
template <Backend B>
void linear_forward(B& backend, const Network<B>& network, std::size_t layer, Linear l,
                    const LinearInput<B>& x, Tensor<B>& y) {
  base_linear_forward(backend, network, layer, l, x, y);
  if (const Adapter<B>* adapter = network.adapters.find(layer, l))
    low_rank_forward(backend, network.adapters.weight(*adapter), x.values, y);
}

// The weight's half of the backward pass, in the basis of the effective weight. What has no
// gradient tensor is frozen.
template <Backend B>
void linear_backward_weight(B& backend, Linear l, const Tensor<B>& x, const Tensor<B>& dy,
                            LayerParameters<B>& gradients) {
  if (!gradients.weight[l].empty()) matmul_tn_add(backend, dy, x, gradients.weight[l]);
  if (!gradients.bias[l].empty()) bias_backward(backend, dy, gradients.bias[l]);
}

}  // namespace trainer
