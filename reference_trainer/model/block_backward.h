// The backward pass of one block: the mirror of block.h, bottom up. Quantizers pass gradients
// through unchanged (STE, eq. 6), so products use the quantized operands and rotations their
// transposes.
#pragma once

#include "reference_trainer/model/block.h"

namespace trainer {

// Gradient buffers that live only within a block.
template <Backend B>
struct BlockScratch {
  Tensor<B> dinput;      // [N, d] with respect to the block's input, where it is not dresidual
  Tensor<B> dhidden;     // [N, d] with respect to a norm's output
  Tensor<B> dffn;        // [N, ffn] with respect to the down-projection's input
  Tensor<B> dattention;  // [N, heads * head_dim] with respect to the attention's output
  Tensor<B> dq, dk, dv;  // as q, k and v
};

template <Backend B>
struct BackwardPass {
  B& backend;
  const Network<B>& network;
  const ModelInput<B>& input;
  Activations<B>& acts;  // gate and up of each layer are overwritten
  BlockScratch<B>& scratch;
  Parameters<B>& gradients;  // added to; weights in the effective basis (see effective_weights.h)
  Adapters<B>* adapter_gradients;  // added to; null where the network has no adapters
};

// After dx [N, in] has the base's gradient: the adapter's gradients, if the layer has one.
template <Backend B>
void adapter_backward(BackwardPass<B>& pass, std::size_t i, Linear l, const Tensor<B>& x,
                      const Tensor<B>& dy, Tensor<B>& dx) {
  const Adapter<B>* adapter = pass.network.adapters.find(i, l);
  if (adapter == nullptr) return;
  Adapter<B>& gradient = pass.adapter_gradients->layers[i][l];
  low_rank_backward(pass.backend, pass.network.adapters.weight(*adapter), x, dy,
                    {gradient.a, gradient.b, dx});
}

// Gradients of a linear layer's weight, bias and adapter from its input x [N, in] and dy [N, out],
// and dx := that of x.
template <Backend B>
void linear_backward(BackwardPass<B>& pass, std::size_t i, Linear l, const Tensor<B>& x,
                     const Tensor<B>& dy, Tensor<B>& dx) {
  linear_backward_weight(pass.backend, l, x, dy, pass.gradients.layers[i]);
  Tensor<B> made;
  matmul_nn(pass.backend, dy, effective_weight(pass.backend, pass.network, i, l, made), dx);
  adapter_backward(pass, i, l, x, dy, dx);
}

// The same, but dx += that of x.
template <Backend B>
void linear_backward_add(BackwardPass<B>& pass, std::size_t i, Linear l, const Tensor<B>& x,
                         const Tensor<B>& dy, Tensor<B>& dx) {
  linear_backward_weight(pass.backend, l, x, dy, pass.gradients.layers[i]);
  Tensor<B> made;
  matmul_nn_add(pass.backend, dy, effective_weight(pass.backend, pass.network, i, l, made), dx);
  adapter_backward(pass, i, l, x, dy, dx);
}

// From s.dffn, the gradient of the hidden channels, to s.dhidden, that of the norm's output.
template <Backend B>
void mlp_hidden_backward(BackwardPass<B>& pass, std::size_t i) {
  B& backend = pass.backend;
  const Network<B>& net = pass.network;
  LayerActivations<B>& a = pass.acts.layer(i);
  BlockScratch<B>& s = pass.scratch;
  if (net.plan.shape.mlp == MlpKind::kGelu) {
    gelu_backward(backend, s.dffn, a.up);  // up now holds its gradient
    linear_backward(pass, i, Linear::kUp, a.gate_up_input, a.up, s.dhidden);
    return;
  }
  swiglu_backward(backend, s.dffn, a.gate, a.up);  // gate and up now hold their gradients
  linear_backward(pass, i, Linear::kGate, a.gate_up_input, a.gate, s.dhidden);
  linear_backward_add(pass, i, Linear::kUp, a.gate_up_input, a.up, s.dhidden);
}

// dbranch [N, d] is the gradient with respect to the MLP's output; dstream [N, d], that of the
// stream which the MLP's norm reads, is added to and may be dbranch.
template <Backend B>
void mlp_half_backward(BackwardPass<B>& pass, std::size_t i, const Tensor<B>& dbranch,
                       Tensor<B>& dstream) {
  B& backend = pass.backend;
  const Network<B>& net = pass.network;
  LayerActivations<B>& a = pass.acts.layer(i);
  LayerParameters<B>& g = pass.gradients.layers[i];
  BlockScratch<B>& s = pass.scratch;

  linear_backward(pass, i, Linear::kDown, a.down_input, dbranch, s.dffn);
  if (const OptionalRotation& r4 = net.plan.at(i).r4) rotate_transposed(backend, *r4, s.dffn);
  mlp_hidden_backward(pass, i);
  const ModelShape& shape = net.plan.shape;
  norm_backward(backend, shape,
                {mlp_stream(shape, a), net.parameters.layers[i].mlp_norm, a.mlp_statistics},
                s.dhidden, {dstream, g.mlp_norm, g.mlp_norm_bias});
}

// From gradients of q, k, v after RoPE and R3 back to the residual stream: added to dstream.
template <Backend B>
void qkv_backward(BackwardPass<B>& pass, std::size_t i, Tensor<B>& dstream) {
  B& backend = pass.backend;
  const Network<B>& net = pass.network;
  LayerActivations<B>& a = pass.acts.layer(i);
  LayerParameters<B>& g = pass.gradients.layers[i];
  BlockScratch<B>& s = pass.scratch;
  if (const OptionalRotation& r3 = net.plan.at(i).r3) {
    rotate_transposed(backend, *r3, s.dq);
    rotate_transposed(backend, *r3, s.dk);
  }
  rope_backward(backend, rope_shape(net.plan.shape), pass.input.positions, s.dq);
  rope_backward(backend, rope_shape(net.plan.shape), pass.input.positions, s.dk);
  linear_backward(pass, i, Linear::kQ, a.qkv_input, s.dq, s.dhidden);
  linear_backward_add(pass, i, Linear::kK, a.qkv_input, s.dk, s.dhidden);
  linear_backward_add(pass, i, Linear::kV, a.qkv_input, s.dv, s.dhidden);
  norm_backward(backend, net.plan.shape,
                {a.input, net.parameters.layers[i].attention_norm, a.attention_statistics},
                s.dhidden, {dstream, g.attention_norm, g.attention_norm_bias});
}

// dbranch is the gradient with respect to the attention branch's output; dstream, that of the
// block's input, is added to and may be dbranch.
template <Backend B>
void attention_half_backward(BackwardPass<B>& pass, std::size_t i, const Tensor<B>& dbranch,
                             Tensor<B>& dstream) {
  B& backend = pass.backend;
  LayerActivations<B>& a = pass.acts.layer(i);
  BlockScratch<B>& s = pass.scratch;
  linear_backward(pass, i, Linear::kO, a.o_input, dbranch, s.dattention);
  attention_backward(backend, attention_shape(pass.network.plan.shape), pass.input.spans,
                     {a.q, a.k, a.v}, {s.dattention, a.log_sum_exp}, {s.dq, s.dk, s.dv});
  qkv_backward(pass, i, dstream);
}

// dresidual [N, d]: gradient with respect to the block's output on entry, to its input on return.
template <Backend B>
void block_backward(BackwardPass<B>& pass, std::size_t i, Tensor<B>& dresidual) {
  if (pass.network.plan.shape.residual == ResidualKind::kSequential) {
    mlp_half_backward(pass, i, dresidual, dresidual);
    attention_half_backward(pass, i, dresidual, dresidual);
    return;
  }
  Tensor<B>& dinput = pass.scratch.dinput;
  copy(pass.backend, dresidual, dinput);
  mlp_half_backward(pass, i, dresidual, dinput);
  attention_half_backward(pass, i, dresidual, dinput);
  std::swap(dresidual, dinput);
}

}  // namespace trainer
