// The wave: what a forward pass computes, in order of appearance, and what its backward pass reads.
// N is the number of tokens of the batch, d the hidden size.
#pragma once

#include <vector>

#include "reference_trainer/model/network.h"
#include "reference_trainer/ops/attention.h"
#include "reference_trainer/ops/packed_rows.h"

namespace trainer {

// "Quantized" holds where the plan quantizes; otherwise the value itself.
template <Backend B>
struct LayerActivations {
  Tensor<B> input;                 // [N, d] residual stream entering the block
  Tensor<B> attention_statistics;  // [1 or 2, N] what the norm's backward pass needs (norm.h)
  Tensor<B> qkv_input;             // [N, d] quantized
  Tensor<B> q;                     // [N, heads * head_dim] after RoPE and R3
  Tensor<B> k, v;            // [N, kv_heads * head_dim] after RoPE, R3 (k) and R2 (v), quantized
  Tensor<B> log_sum_exp;     // [N, heads]
  Tensor<B> o_input;         // [N, heads * head_dim] quantized
  Tensor<B> middle;          // [N, d] residual stream between attention and MLP, if sequential
  Tensor<B> mlp_statistics;  // [1 or 2, N]
  Tensor<B> gate_up_input;   // [N, d] quantized
  Tensor<B> gate, up;        // [N, ffn]; no gate where the MLP is GELU
  Tensor<B> down_input;      // [N, ffn] after SwiGLU or GELU and R4, quantized
};

// What a forward pass leaves for the backward pass. All three choices of training give the same
// gradients to the bit.
enum class Keep {
  kEveryLayer,  // everything: the fastest
  kCodes,       // the same, but the inputs of linear layers as packed codes
  kInputs,      // the blocks' inputs: each block runs again before its backward pass
  kOneLayer,    // nothing: for evaluation
};

// One value for each input of linear layers; a block has four.
template <class T>
struct PerInput {
  T qkv{}, o{}, gate_up{}, down{};
};

// A layer whose activations are not in use.
template <Backend B>
struct KeptLayer {
  LayerActivations<B> values;      // as far as they are kept as values
  PerInput<PackedRows<B>> inputs;  // for kCodes
};

template <Backend B>
class Activations {
 public:
  Activations(const ModelShape& shape, Keep keep) : keep_(keep) {
    const auto layers = static_cast<std::size_t>(shape.layers);
    layers_.resize(keep == Keep::kEveryLayer ? layers : 1);
    if (keep == Keep::kCodes || keep == Keep::kInputs) kept_.resize(layers);
  }
  Keep keep() const { return keep_; }
  LayerActivations<B>& layer(std::size_t i) { return layers_[layers_.size() == 1 ? 0 : i]; }
  // Where layer i waits for its backward pass, unless every layer has activations of its own.
  KeptLayer<B>& kept(std::size_t i) { return kept_[i]; }

  PerInput<CodedRows<B>> codes;  // of the block that ran last; empty: not quantized
  Tensor<B> residual;  // [N, d] the stream itself; after the last block the final norm's input
  Tensor<B> branch;    // [N, d] output of an attention or MLP branch before it is added
  Tensor<B> final_statistics;  // [1 or 2, N]
  Tensor<B> final_hidden;      // [N, d] what the head reads

 private:
  Keep keep_;
  std::vector<LayerActivations<B>> layers_;
  std::vector<KeptLayer<B>> kept_;
};

// One batch as the model reads it: sequences laid end to end, no padding.
template <Backend B>
struct ModelInput {
  Indices<B> tokens;     // [1, N]
  Indices<B> positions;  // [1, N], position of each token in its sequence
  SequenceSpans spans;
};

}  // namespace trainer
