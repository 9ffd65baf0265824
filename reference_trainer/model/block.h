// One transformer block, forward, in the order of Fig. 4.
#pragma once

#include "reference_trainer/model/norm.h"
#include "reference_trainer/model/quant_linear.h"
#include "reference_trainer/ops/gelu.h"
#include "reference_trainer/ops/rope.h"
#include "reference_trainer/ops/swiglu.h"

namespace trainer {

inline AttentionShape attention_shape(const ModelShape& s) {
  return {s.heads, s.kv_heads, s.head_dim};
}
inline RopeShape rope_shape(const ModelShape& s) {
  return {s.head_dim, s.rotary_dim(), s.rope_theta, s.rope_scaling};
}

// Everything a forward pass reads and writes.
template <Backend B, class Memory, class Tap>
struct ForwardPass {
  B& backend;
  const Network<B>& network;
  const ModelInput<B>& input;
  Activations<B>& acts;
  Memory& memory;
  Tap& tap;
};

// k and v as a cache holds them, quantized.
template <class Pass>
void quantize_keys_values(Pass& pass, std::size_t i) {
  const ForwardPlan& plan = pass.network.plan;
  quantize_cached(pass.backend, plan, i, Site::kKey, pass.tap, pass.acts.layer(i).k);
  quantize_cached(pass.backend, plan, i, Site::kValue, pass.tap, pass.acts.layer(i).v);
}

// o_input := attention of q over k and v.
template <class Pass, class Values>
void attend_to_values(Pass& pass, std::size_t i, const Values& k, const Values& v) {
  auto& a = pass.acts.layer(i);
  attention_forward(pass.backend, attention_shape(pass.network.plan.shape), pass.input.spans,
                    {a.q, k, v}, a.o_input, a.log_sum_exp);
}

// Attention over the batch's own keys and values. Other choices of Memory are caches
// (eval/kv_cache.h, eval/coded_kv_cache.h).
struct OwnKeys {
  template <class Pass>
  void attend(Pass& pass, std::size_t i) {
    quantize_keys_values(pass, i);
    attend_to_values(pass, i, pass.acts.layer(i).k, pass.acts.layer(i).v);
  }
};

// Keys and values as a cache takes them: k after RoPE and R3, v after R2.
template <Backend B, class Memory, class Tap>
void qkv_forward(ForwardPass<B, Memory, Tap>& pass, std::size_t i) {
  B& backend = pass.backend;
  const ForwardPlan& plan = pass.network.plan;
  LayerActivations<B>& a = pass.acts.layer(i);
  const LinearInput<B> x{a.qkv_input, pass.acts.codes.qkv};
  linear_forward(backend, pass.network, i, Linear::kQ, x, a.q);
  linear_forward(backend, pass.network, i, Linear::kK, x, a.k);
  linear_forward(backend, pass.network, i, Linear::kV, x, a.v);
  rope_forward(backend, rope_shape(plan.shape), pass.input.positions, a.q);
  rope_forward(backend, rope_shape(plan.shape), pass.input.positions, a.k);
  if (const OptionalRotation& r3 = plan.at(i).r3) {
    rotate(backend, *r3, a.q);
    rotate(backend, *r3, a.k);
  }
}

// acts.branch := O(attention(norm(residual)))
template <Backend B, class Memory, class Tap>
void attention_branch_forward(ForwardPass<B, Memory, Tap>& pass, std::size_t i) {
  B& backend = pass.backend;
  const ForwardPlan& plan = pass.network.plan;
  const LayerParameters<B>& p = pass.network.parameters.layers[i];
  LayerActivations<B>& a = pass.acts.layer(i);
  norm_forward(backend, plan.shape, {p.attention_norm, p.attention_norm_bias}, a.input, a.qkv_input,
               a.attention_statistics);
  quantize_input(backend, plan, i, Site::kQkvInput, pass.tap, a.qkv_input, pass.acts.codes.qkv);
  qkv_forward(pass, i);
  pass.memory.attend(pass, i);
  quantize_input(backend, plan, i, Site::kOInput, pass.tap, a.o_input, pass.acts.codes.o);
  linear_forward(backend, pass.network, i, Linear::kO, {a.o_input, pass.acts.codes.o},
                 pass.acts.branch);
}

// The residual stream as the MLP's norm reads it.
template <Backend B>
const Tensor<B>& mlp_stream(const ModelShape& shape, const LayerActivations<B>& a) {
  return shape.residual == ResidualKind::kParallel ? a.input : a.middle;
}

// a.down_input := silu(gate(x)) * up(x), or gelu(up(x)), for x = a.gate_up_input.
template <Backend B, class Memory, class Tap>
void mlp_hidden_forward(ForwardPass<B, Memory, Tap>& pass, std::size_t i) {
  B& backend = pass.backend;
  LayerActivations<B>& a = pass.acts.layer(i);
  const LinearInput<B> x{a.gate_up_input, pass.acts.codes.gate_up};
  linear_forward(backend, pass.network, i, Linear::kUp, x, a.up);
  if (pass.network.plan.shape.mlp == MlpKind::kGelu) {
    gelu_forward(backend, a.up, a.down_input);
    return;
  }
  linear_forward(backend, pass.network, i, Linear::kGate, x, a.gate);
  swiglu_forward(backend, a.gate, a.up, a.down_input);
}

// a.down_input := Q(hidden(norm(stream)) R4)
template <Backend B, class Memory, class Tap>
void mlp_input_forward(ForwardPass<B, Memory, Tap>& pass, std::size_t i) {
  B& backend = pass.backend;
  const ForwardPlan& plan = pass.network.plan;
  const LayerParameters<B>& p = pass.network.parameters.layers[i];
  LayerActivations<B>& a = pass.acts.layer(i);
  PerInput<CodedRows<B>>& codes = pass.acts.codes;
  norm_forward(backend, plan.shape, {p.mlp_norm, p.mlp_norm_bias}, mlp_stream(plan.shape, a),
               a.gate_up_input, a.mlp_statistics);
  quantize_input(backend, plan, i, Site::kGateUpInput, pass.tap, a.gate_up_input, codes.gate_up);
  mlp_hidden_forward(pass, i);
  if (const OptionalRotation& r4 = plan.at(i).r4) rotate(backend, *r4, a.down_input);
  quantize_input(backend, plan, i, Site::kDownInput, pass.tap, a.down_input, codes.down);
}

// All that the block's backward pass reads: the block up to the input of its last product.
// acts.residual goes in, and leaves with the attention branch added.
template <Backend B, class Memory, class Tap>
void block_activations(ForwardPass<B, Memory, Tap>& pass, std::size_t i) {
  Activations<B>& acts = pass.acts;
  copy(pass.backend, acts.residual, acts.layer(i).input);
  attention_branch_forward(pass, i);
  add(pass.backend, acts.branch, acts.residual);
  if (pass.network.plan.shape.residual == ResidualKind::kSequential)
    copy(pass.backend, acts.residual, acts.layer(i).middle);
  mlp_input_forward(pass, i);
}

// acts.residual goes in and out; what the backward pass needs stays in acts.layer(i).
template <Backend B, class Memory, class Tap>
void block_forward(ForwardPass<B, Memory, Tap>& pass, std::size_t i) {
  Activations<B>& acts = pass.acts;
  block_activations(pass, i);
  linear_forward(pass.backend, pass.network, i, Linear::kDown,
                 {acts.layer(i).down_input, acts.codes.down}, acts.branch);
  add(pass.backend, acts.branch, acts.residual);
}

}  // namespace trainer
