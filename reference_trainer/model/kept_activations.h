// What becomes of a block's activations between its forward and its backward pass, by the choice of
// Keep.
#pragma once

#include <utility>

#include "reference_trainer/model/block.h"

namespace trainer {

// The inputs of linear layers, which kCodes keeps as codes; f(tensor, codes, packed).
template <Backend B, class F>
void for_each_input(LayerActivations<B>& a, PerInput<CodedRows<B>>& codes,
                    PerInput<PackedRows<B>>& packed, const F& f) {
  f(a.qkv_input, codes.qkv, packed.qkv);
  f(a.o_input, codes.o, packed.o);
  f(a.gate_up_input, codes.gate_up, packed.gate_up);
  f(a.down_input, codes.down, packed.down);
}

// Everything else that the backward pass reads changes places, without a copy.
template <Backend B>
void swap_but_inputs(LayerActivations<B>& a, LayerActivations<B>& b) {
  std::swap(a.input, b.input);
  std::swap(a.attention_statistics, b.attention_statistics);
  std::swap(a.q, b.q);
  std::swap(a.k, b.k);
  std::swap(a.v, b.v);
  std::swap(a.log_sum_exp, b.log_sum_exp);
  std::swap(a.middle, b.middle);
  std::swap(a.mlp_statistics, b.mlp_statistics);
  std::swap(a.gate, b.gate);
  std::swap(a.up, b.up);
}

// After the forward pass of block i: puts away what its backward pass needs.
template <Backend B>
void keep_block(B& backend, std::size_t i, Activations<B>& acts) {
  LayerActivations<B>& a = acts.layer(i);
  if (acts.keep() == Keep::kInputs) std::swap(a.input, acts.kept(i).values.input);
  if (acts.keep() != Keep::kCodes) return;
  swap_but_inputs(a, acts.kept(i).values);
  for_each_input(a, acts.codes, acts.kept(i).inputs,
                 [&](Tensor<B>&, const CodedRows<B>& codes, PackedRows<B>& packed) {
                   pack_rows(backend, codes, packed);
                 });
}

// Before the backward pass of block i: acts.layer(i) is as its forward pass left it, to the bit.
// acts.residual and acts.branch are overwritten.
template <Backend B>
void restore_block(B& backend, const Network<B>& network, const ModelInput<B>& input, std::size_t i,
                   Activations<B>& acts) {
  if (acts.keep() == Keep::kInputs) {
    OwnKeys memory;
    NoTap tap;
    ForwardPass<B, OwnKeys, NoTap> pass{backend, network, input, acts, memory, tap};
    std::swap(acts.residual, acts.kept(i).values.input);
    block_activations(pass, i);
  }
  if (acts.keep() != Keep::kCodes) return;
  swap_but_inputs(acts.layer(i), acts.kept(i).values);
  for_each_input(acts.layer(i), acts.codes, acts.kept(i).inputs,
                 [&](Tensor<B>& x, const CodedRows<B>&, const PackedRows<B>& packed) {
                   unpack_rows(backend, packed, x);
                 });
}

}  // namespace trainer
