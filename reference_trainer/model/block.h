// One transformer block of the Llama family, forward, in the order of Fig. 4.
#pragma once

#include "reference_trainer/model/quant_linear.h"
#include "reference_trainer/ops/rmsnorm.h"
#include "reference_trainer/ops/rope.h"
#include "reference_trainer/ops/swiglu.h"

namespace trainer {

inline AttentionShape attention_shape(const ModelShape& s) {
  return {s.heads, s.kv_heads, s.head_dim};
}
inline RopeShape rope_shape(const ModelShape& s) { return {s.head_dim, s.head_dim, s.rope_theta}; }

// Attention over the batch's own keys and values. The other choice is a cache (eval/kv_cache.h).
struct OwnKeys {
  template <Backend B>
  AttentionInputs<B> operator()(B&, std::size_t, const LayerActivations<B>& a) {
    return {a.q, a.k, a.v};
  }
};

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

// Keys and values as the cache holds them: k after RoPE and R3, v after R2, both quantized.
template <Backend B, class Memory, class Tap>
void qkv_forward(ForwardPass<B, Memory, Tap>& pass, std::size_t i) {
  B& backend = pass.backend;
  const ForwardPlan& plan = pass.network.plan;
  LayerActivations<B>& a = pass.acts.layer(i);
  const LinearInput<B> x{a.qkv_input, pass.acts.codes};
  linear_forward(backend, pass.network, i, Linear::kQ, x, a.q);
  linear_forward(backend, pass.network, i, Linear::kK, x, a.k);
  linear_forward(backend, pass.network, i, Linear::kV, x, a.v);
  rope_forward(backend, rope_shape(plan.shape), pass.input.positions, a.q);
  rope_forward(backend, rope_shape(plan.shape), pass.input.positions, a.k);
  if (const OptionalRotation& r3 = plan.at(i).r3) {
    rotate(backend, *r3, a.q);
    rotate(backend, *r3, a.k);
  }
  quantize_cached(backend, plan, i, Site::kKey, pass.tap, a.k);
  quantize_cached(backend, plan, i, Site::kValue, pass.tap, a.v);
}

// acts.branch := O(attention(norm(residual)))
template <Backend B, class Memory, class Tap>
void attention_branch_forward(ForwardPass<B, Memory, Tap>& pass, std::size_t i) {
  B& backend = pass.backend;
  const ForwardPlan& plan = pass.network.plan;
  LayerActivations<B>& a = pass.acts.layer(i);
  rmsnorm_forward(backend, a.input, pass.network.parameters.layers[i].attention_norm,
                  plan.shape.norm_eps, a.qkv_input, a.attention_rms);
  quantize_input(backend, plan, i, Site::kQkvInput, pass.tap, a.qkv_input, pass.acts.codes);
  qkv_forward(pass, i);
  attention_forward(backend, attention_shape(plan.shape), pass.input.spans,
                    pass.memory(backend, i, a), a.o_input, a.log_sum_exp);
  quantize_input(backend, plan, i, Site::kOInput, pass.tap, a.o_input, pass.acts.codes);
  linear_forward(backend, pass.network, i, Linear::kO, {a.o_input, pass.acts.codes},
                 pass.acts.branch);
}

// acts.branch := down(silu(gate(norm(middle))) * up(norm(middle)))
template <Backend B, class Memory, class Tap>
void mlp_branch_forward(ForwardPass<B, Memory, Tap>& pass, std::size_t i) {
  B& backend = pass.backend;
  const ForwardPlan& plan = pass.network.plan;
  LayerActivations<B>& a = pass.acts.layer(i);
  rmsnorm_forward(backend, a.middle, pass.network.parameters.layers[i].mlp_norm,
                  plan.shape.norm_eps, a.gate_up_input, a.mlp_rms);
  quantize_input(backend, plan, i, Site::kGateUpInput, pass.tap, a.gate_up_input, pass.acts.codes);
  const LinearInput<B> hidden{a.gate_up_input, pass.acts.codes};
  linear_forward(backend, pass.network, i, Linear::kGate, hidden, a.gate);
  linear_forward(backend, pass.network, i, Linear::kUp, hidden, a.up);
  swiglu_forward(backend, a.gate, a.up, a.down_input);
  if (const OptionalRotation& r4 = plan.at(i).r4) rotate(backend, *r4, a.down_input);
  quantize_input(backend, plan, i, Site::kDownInput, pass.tap, a.down_input, pass.acts.codes);
  linear_forward(backend, pass.network, i, Linear::kDown, {a.down_input, pass.acts.codes},
                 pass.acts.branch);
}

// acts.residual goes in and out; what the backward pass needs stays in acts.layer(i).
template <Backend B, class Memory, class Tap>
void block_forward(ForwardPass<B, Memory, Tap>& pass, std::size_t i) {
  Activations<B>& acts = pass.acts;
  copy(pass.backend, acts.residual, acts.layer(i).input);
  attention_branch_forward(pass, i);
  add(pass.backend, acts.branch, acts.residual);
  copy(pass.backend, acts.residual, acts.layer(i).middle);
  mlp_branch_forward(pass, i);
  add(pass.backend, acts.branch, acts.residual);
}

}  // namespace trainer
