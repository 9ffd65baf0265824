// Every tensor of the model that is trained and saved, with its shape and its Hugging Face name.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "reference_trainer/backend/backend.h"
#include "reference_trainer/backend/copy.h"
#include "reference_trainer/io/model_shape.h"
#include "reference_trainer/ops/lm_head.h"

namespace trainer {

// All linear layers that a block can have, in the order in which the data meets them.
enum class Linear { kQ, kK, kV, kO, kGate, kUp, kDown };
inline constexpr std::array kLinears = {Linear::kQ,    Linear::kK,  Linear::kV,   Linear::kO,
                                        Linear::kGate, Linear::kUp, Linear::kDown};

// Those that a block of this kind has: without a gate where the MLP is GELU.
std::span<const Linear> linears_of(const ModelShape& shape);

// One value for each linear layer of a block.
template <class T>
struct PerLinear {
  std::array<T, kLinears.size()> values{};
  T& operator[](Linear l) { return values[static_cast<std::size_t>(l)]; }
  const T& operator[](Linear l) const { return values[static_cast<std::size_t>(l)]; }
};

struct LinearShape {
  std::int64_t out, in;
  bool has_bias;
};
LinearShape linear_shape(const ModelShape& shape, Linear linear);

// "self_attn.q_proj", ..., "mlp.down_proj".
const char* linear_name(Linear linear);

// d = hidden_size; weights are stored [out, in] as in the checkpoint. T: std::uint16_t for values
// in bfloat16 (ops/bfloat16.h), which wait for being read.
template <Backend B, class T = float>
struct LayerParameters {
  Tensor<B, T> attention_norm;       // [1, d] gain
  Tensor<B, T> attention_norm_bias;  // [1, d], empty for RMSNorm, as are the other norms' biases
  PerLinear<Tensor<B, T>> weight;    // [out, in], empty where the block has no such layer
  PerLinear<Tensor<B, T>> bias;      // [1, out], empty where the model has none
  Tensor<B, T> mlp_norm;             // [1, d] gain
  Tensor<B, T> mlp_norm_bias;        // [1, d]
};

template <Backend B, class T = float>
struct Parameters {
  Tensor<B, T> embedding;  // [vocab, d]
  std::vector<LayerParameters<B, T>> layers;
  Tensor<B, T> final_norm;       // [1, d] gain
  Tensor<B, T> final_norm_bias;  // [1, d]
  Tensor<B, T> head;             // [vocab, d], empty when the head is the embedding
  Tensor<B, T> head_bias;        // [1, vocab], empty where there is none

  const Tensor<B, T>& output_embedding() const { return head.empty() ? embedding : head; }
  Tensor<B, T>& output_embedding() { return head.empty() ? embedding : head; }
  LmHead<B> lm_head() const { return {output_embedding(), head_bias}; }
};

template <Backend B, class T>
void allocate_layer(B& backend, const ModelShape& shape, LayerParameters<B, T>& layer) {
  const std::int64_t d = shape.hidden_size;
  layer.attention_norm.reshape(backend, 1, d);
  layer.mlp_norm.reshape(backend, 1, d);
  if (shape.norm == NormKind::kLayerNorm) {
    layer.attention_norm_bias.reshape(backend, 1, d);
    layer.mlp_norm_bias.reshape(backend, 1, d);
  }
  for (const Linear l : linears_of(shape)) {
    const LinearShape s = linear_shape(shape, l);
    layer.weight[l].reshape(backend, s.out, s.in);
    if (s.has_bias) layer.bias[l].reshape(backend, 1, s.out);
  }
}

template <class T = float, Backend B>
Parameters<B, T> allocate_parameters(B& backend, const ModelShape& shape) {
  const std::int64_t d = shape.hidden_size;
  Parameters<B, T> p;
  p.embedding.reshape(backend, shape.vocab_size, d);
  p.layers.resize(static_cast<std::size_t>(shape.layers));
  for (auto& layer : p.layers) allocate_layer(backend, shape, layer);
  p.final_norm.reshape(backend, 1, d);
  if (shape.norm == NormKind::kLayerNorm) p.final_norm_bias.reshape(backend, 1, d);
  if (!shape.tied_embeddings) p.head.reshape(backend, shape.vocab_size, d);
  if (shape.head_bias) p.head_bias.reshape(backend, 1, shape.vocab_size);
  return p;
}

// What a tensor is for: weight decay and freezing depend on it.
enum class TensorKind { kEmbedding, kHead, kLinearWeight, kBias, kNormGain };

template <Backend B, class T = float>
struct NamedTensor {
  std::string name;  // as in a Hugging Face checkpoint of the Llama family
  TensorKind kind;
  Tensor<B, T>* tensor;
  bool is_matrix() const { return kind != TensorKind::kBias && kind != TensorKind::kNormGain; }
  // Values of one row of a file's tensor: those of a vector are rows of their own.
  std::int64_t file_cols() const { return is_matrix() ? tensor->cols() : 1; }
  // As stored in a file: vectors have one dimension.
  std::vector<std::int64_t> shape() const {
    if (is_matrix()) return {tensor->rows(), tensor->cols()};
    return {tensor->cols()};
  }
};

// name.weight of this kind and name.bias, as far as they exist.
template <Backend B, class T>
void append_tensors(const std::string& name, TensorKind kind, Tensor<B, T>& weight,
                    Tensor<B, T>& bias, std::vector<NamedTensor<B, T>>& list) {
  if (!weight.empty()) list.push_back({name + ".weight", kind, &weight});
  if (!bias.empty()) list.push_back({name + ".bias", TensorKind::kBias, &bias});
}

// The tensors of layer i in a fixed order.
template <Backend B, class T>
void append_layer(std::size_t i, LayerParameters<B, T>& layer,
                  std::vector<NamedTensor<B, T>>& list) {
  const std::string prefix = "model.layers." + std::to_string(i) + ".";
  append_tensors(prefix + "input_layernorm", TensorKind::kNormGain, layer.attention_norm,
                 layer.attention_norm_bias, list);
  for (const Linear l : kLinears) {
    append_tensors(prefix + linear_name(l), TensorKind::kLinearWeight, layer.weight[l],
                   layer.bias[l], list);
  }
  append_tensors(prefix + "post_attention_layernorm", TensorKind::kNormGain, layer.mlp_norm,
                 layer.mlp_norm_bias, list);
}

// All tensors in a fixed order: the only list of names. Two Parameters of one shape give lists that
// can be walked together (parameters, gradients, moments).
template <Backend B, class T>
std::vector<NamedTensor<B, T>> tensor_list(Parameters<B, T>& p) {
  std::vector<NamedTensor<B, T>> list;
  list.push_back({"model.embed_tokens.weight", TensorKind::kEmbedding, &p.embedding});
  for (std::size_t i = 0; i < p.layers.size(); ++i) append_layer(i, p.layers[i], list);
  append_tensors("model.norm", TensorKind::kNormGain, p.final_norm, p.final_norm_bias, list);
  append_tensors("lm_head", TensorKind::kHead, p.head, p.head_bias, list);
  return list;
}

// A backend without memory: Parameters<NoMemory> have names and shapes only.
struct NoMemory {
  template <class T>
  using Buffer = std::unique_ptr<T[]>;
  template <class T>
  Buffer<T> allocate(std::size_t) {
    return nullptr;
  }
};

// Names, kinds and shapes of a model's tensors, without values.
Parameters<NoMemory> parameter_layout(const ModelShape& shape);

template <Backend B>
void fill_zero(B& backend, Parameters<B>& p) {
  for (auto& t : tensor_list(p)) fill_zero(backend, *t.tensor);
}

}  // namespace trainer
