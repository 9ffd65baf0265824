// Keys and values of earlier tokens, as the quantizers left them.
#pragma once

#include <vector>

#include "reference_trainer/model/block.h"
#include "reference_trainer/ops/rows.h"

namespace trainer {

// Sequence s owns rows [s * capacity, (s + 1) * capacity) of every layer's matrices.
template <Backend B>
class KvCache {
 public:
  KvCache(B& backend, const ForwardPlan& plan, std::int64_t sequences, std::int64_t capacity)
      : layers_(static_cast<std::size_t>(plan.shape.layers)), capacity_(capacity) {
    for (Layer& layer : layers_) {
      layer.k.reshape(backend, sequences * capacity, plan.shape.kv_width());
      layer.v.reshape(backend, sequences * capacity, plan.shape.kv_width());
    }
  }

  std::int64_t capacity() const { return capacity_; }

  // The rows to which the tokens of the next forward pass go, in the order of the batch.
  void set_destinations(std::vector<std::int64_t> rows) { destinations_ = std::move(rows); }

  // The Memory policy of a forward pass: store the new keys and values, attend to all.
  template <class Pass>
  void attend(Pass& pass, std::size_t i) {
    quantize_keys_values(pass, i);
    const LayerActivations<B>& a = pass.acts.layer(i);
    scatter_rows(pass.backend, a.k, destinations_, layers_[i].k);
    scatter_rows(pass.backend, a.v, destinations_, layers_[i].v);
    attend_to_values(pass, i, layers_[i].k, layers_[i].v);
  }

 private:
  struct Layer {
    Tensor<B> k, v;  // [sequences * capacity, kv_width]
  };
  std::vector<Layer> layers_;
  std::int64_t capacity_;
  std::vector<std::int64_t> destinations_;
};

}  // namespace trainer
