// Parameters held in bfloat16: two bytes a value, which become float32 one tensor at a time where
// they are read.
#pragma once

#include "reference_trainer/model/effective_weights.h"
#include "reference_trainer/ops/embedding.h"

namespace trainer {

// What embeds tokens, x [N, d].
template <Backend B>
void embed_tokens(B& backend, const Network<B>& network, const Indices<B>& tokens, Tensor<B>& x) {
  if (network.is_narrow())
    embedding_forward(backend, tokens, network.narrow.embedding, x);
  else
    embedding_forward(backend, tokens, network.parameters.embedding, x);
}

// The head; its weight [vocab, d] where it lies, or made in `made`, which must outlive the result.
template <Backend B>
LmHead<B> head_values(B& backend, const Network<B>& network, Tensor<B>& made) {
  if (!network.is_narrow()) return network.parameters.lm_head();
  widen(backend, network.narrow.output_embedding(), made);
  return {made, network.parameters.head_bias};
}

// The vectors of a list of tensors, in its order.
template <Backend B, class T>
std::vector<Tensor<B, T>*> vectors_of(Parameters<B, T>& p) {
  std::vector<Tensor<B, T>*> vectors;
  for (const auto& t : tensor_list(p)) {
    if (!t.is_matrix()) vectors.push_back(t.tensor);
  }
  return vectors;
}

// network.parameters := the vectors of network.narrow, without its matrices.
template <Backend B>
void show_vectors(B& backend, Network<B>& network) {
  const auto halves = vectors_of(network.narrow);
  const auto values = vectors_of(network.parameters);
  for (std::size_t i = 0; i < halves.size(); ++i) widen(backend, *halves[i], *values[i]);
}

// network.narrow := memory for bfloat16, and network.parameters for vectors; values are
// unspecified.
template <Backend B>
void make_room_for_narrow(B& backend, Network<B>& network) {
  const ModelShape& shape = network.plan.shape;
  network.narrow = allocate_parameters<std::uint16_t>(backend, shape);
  network.parameters = allocate_parameters(backend, shape);
  for (const auto& t : tensor_list(network.parameters)) {
    if (t.is_matrix()) *t.tensor = Tensor<B>();
  }
}

// The network's parameters become the nearest of `values`, which are float32 of its shape and not
// its own. Effective weights become stale.
template <Backend B>
void hold_rounded(B& backend, Parameters<B>& values, Network<B>& network) {
  make_room_for_narrow(backend, network);
  const auto from = tensor_list(values);
  const auto to = tensor_list(network.narrow);
  for (std::size_t i = 0; i < from.size(); ++i)
    round_to_nearest(backend, *from[i].tensor, *to[i].tensor);
  show_vectors(backend, network);
}

// The parameters become bfloat16, the nearest values; their float32 is returned.
template <Backend B>
Parameters<B> narrow_parameters(B& backend, Network<B>& network) {
  Parameters<B> values = std::move(network.parameters);
  hold_rounded(backend, values, network);
  update_effective_weights(backend, network);
  return values;
}

// The same values in float32 again; does nothing where they are.
template <Backend B>
void widen_parameters(B& backend, Network<B>& network) {
  if (!network.is_narrow()) return;
  Parameters<B> values = allocate_parameters(backend, network.plan.shape);
  const auto from = tensor_list(network.narrow);
  const auto to = tensor_list(values);
  for (std::size_t i = 0; i < from.size(); ++i) widen(backend, *from[i].tensor, *to[i].tensor);
  network.parameters = std::move(values);
  network.narrow = {};
  update_effective_weights(backend, network);
}

}  // namespace trainer
