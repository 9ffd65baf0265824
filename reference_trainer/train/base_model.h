// The base model of the built-in task: an initialisation with massive residual channels, as large
// models have them, and exact rescalings that move magnitude into K and into the hidden channels
// of a SwiGLU. docs/builtin-task.md says why.
#pragma once

#include <cstdint>
#include <vector>

#include "reference_trainer/model/network.h"

namespace trainer {

struct BaseModelRecipe {
  float massive_scale =
      10;  // constant value of one residual channel (another holds -0.6 of it); 0: none
  float key_scale = 8;           // power of two: one RoPE pair of each kv head moves from q to k
  float up_scale = 16;           // power of two: some channels move from down to up (SwiGLU only)
  std::int64_t up_channels = 4;  // how many
  float embedding_std = 0.5f;
  float mimetic = 0.7f;  // share of W_k in W_q (Trockman and Kolter 2023); 0: independent
};

// Host values of every tensor of a model, in the order of tensor_list.
using HostParameters = std::vector<std::vector<float>>;

// Random values for every parameter; a function of (shape, recipe, seed) only.
HostParameters initial_values(const ModelShape& shape, const BaseModelRecipe& recipe,
                              std::uint64_t seed);

// Multiplies outputs of k and up and divides those of q and columns of down by powers of two,
// biases included: logits do not change by a bit. `values` as from initial_values or from a trained
// model.
void move_outliers(const ModelShape& shape, const BaseModelRecipe& recipe, std::uint64_t seed,
                   HostParameters& values);

template <Backend B>
void set_parameters(B& backend, const HostParameters& values, Parameters<B>& parameters) {
  const auto list = tensor_list(parameters);
  for (std::size_t i = 0; i < list.size(); ++i)
    copy_to_device<float>(backend, values[i], *list[i].tensor);
}

template <Backend B>
HostParameters get_parameters(B& backend, Parameters<B>& parameters) {
  HostParameters values;
  for (const auto& t : tensor_list(parameters)) {
    auto& v = values.emplace_back(static_cast<std::size_t>(t.tensor->size()));
    copy_to_host<float>(backend, *t.tensor, v);
  }
  return values;
}

}  // namespace trainer
