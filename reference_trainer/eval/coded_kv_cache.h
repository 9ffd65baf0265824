// Keys and values of earlier tokens as codes: what `--engine int` attends to.
#pragma once

#include <vector>

#include "reference_trainer/model/block.h"
#include "reference_trainer/ops/coded_attention.h"

namespace trainer {

// True where a plan's keys and values can be kept as codes.
inline bool caches_codes(const ForwardPlan& plan) {
  return plan.quant.kv.enabled() && plan.shape.head_dim <= kMaxCodedHeadDim;
}

// As KvCache (eval/kv_cache.h), a Memory policy of a forward pass: sequence s of a batch owns the
// rows from s * capacity on.
template <Backend B>
class CodedKvCache {
 public:
  CodedKvCache(B&, const ForwardPlan& plan, std::int64_t sequences, std::int64_t capacity)
      : capacity_(capacity) {
    const ModelShape& s = plan.shape;
    for (std::int64_t i = 0; i < s.layers; ++i)
      layers_.emplace_back(
          CodedKvShape{plan.quant.kv, s.kv_heads, s.head_dim, sequences, capacity});
  }

  std::int64_t capacity() const { return capacity_; }
  void set_destinations(std::vector<std::int64_t>) {}  // the spans say where tokens go
  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const CodedKv<B>& layer : layers_) sum += layer.bytes();
    return sum;
  }

  // o_input := attention; keys and values are quantized once, on their way into the cache.
  template <class Pass>
  void attend(Pass& pass, std::size_t i) {
    LayerActivations<B>& a = pass.acts.layer(i);
    pass.tap(i, Site::kKey, std::as_const(a.k));
    pass.tap(i, Site::kValue, std::as_const(a.v));
    coded_attention_forward(pass.backend, pass.network.plan.shape.heads, pass.input.spans,
                            {a.q, a.k, a.v}, layers_[i], scratch_, a.o_input);
  }

 private:
  std::vector<CodedKv<B>> layers_;
  CodedAttentionScratch<B> scratch_;
  std::int64_t capacity_;
};

}  // namespace trainer
