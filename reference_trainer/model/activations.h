// The wave: what a forward pass computes, in order of appearance, and what its backward pass reads.
// N is the number of tokens of the batch, d the hidden size.
#pragma once

#include <vector>

#include "reference_trainer/model/network.h"
#include "reference_trainer/ops/attention.h"

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

enum class Keep { kEveryLayer, kOneLayer };  // for training; for evaluation

template <Backend B>
class Activations {
 public:
  Activations(const ModelShape& shape, Keep keep)
      : layers_(keep == Keep::kEveryLayer ? static_cast<std::size_t>(shape.layers) : 1) {}
  LayerActivations<B>& layer(std::size_t i) { return layers_[layers_.size() == 1 ? 0 : i]; }

  CodedRows<B> codes;  // of the linear input that was quantized last; empty: not quantized
  Tensor<B> residual;  // [N, d] the stream itself; after the last block the final norm's input
  Tensor<B> branch;    // [N, d] output of an attention or MLP branch before it is added
  Tensor<B> final_statistics;  // [1 or 2, N]
  Tensor<B> final_hidden;      // [N, d] what the head reads

 private:
  std::vector<LayerActivations<B>> layers_;
};

// One batch as the model reads it: sequences laid end to end, no padding.
template <Backend B>
struct ModelInput {
  Indices<B> tokens;     // [1, N]
  Indices<B> positions;  // [1, N], position of each token in its sequence
  SequenceSpans spans;
};

}  // namespace trainer
