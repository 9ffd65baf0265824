// Causal grouped-query attention over ragged sequences: no padding exists, so none can leak in.
#pragma once

#include <vector>

#include "reference_trainer/backend/backend.h"

namespace trainer {

struct AttentionShape {
  std::int64_t heads;     // query heads
  std::int64_t kv_heads;  // divides heads; head h reads kv head h / (heads / kv_heads)
  std::int64_t head_dim;
};

// Which rows of the query matrix and of the key/value matrices belong to which sequence. In
// training both are the same rows; in generation the keys are rows of the cache and the queries are
// new. Query i of a sequence (counted from 0) sees its keys 0 ... keys - queries + i.
struct SequenceSpan {
  std::int64_t query_begin;  // first row in q
  std::int64_t queries;      // > 0
  std::int64_t key_begin;    // first row in k and v
  std::int64_t keys;         // >= queries
};
using SequenceSpans = std::vector<SequenceSpan>;

// The three inputs: q [N, heads * head_dim], k and v [M, kv_heads * head_dim].
template <Backend B>
struct AttentionInputs {
  const Tensor<B>& q;
  const Tensor<B>& k;
  const Tensor<B>& v;
};

// out := softmax(q k^T / sqrt(head_dim)) v per sequence and head; out is reshaped to q's shape and
// must not alias an input; log_sum_exp is reshaped to [N, heads] and kept for the backward pass.
void attention_forward(Cpu& cpu, const AttentionShape& shape, const SequenceSpans& spans,
                       const AttentionInputs<Cpu>& in, Tensor<Cpu>& out, Tensor<Cpu>& log_sum_exp);

template <Backend B>
struct AttentionGradients {
  Tensor<B>& dq;  // reshaped to q's shape
  Tensor<B>& dk;  // reshaped to k's shape
  Tensor<B>& dv;  // reshaped to v's shape
};

template <Backend B>
struct AttentionUpstream {
  const Tensor<B>& dout;         // [N, heads * head_dim]
  const Tensor<B>& log_sum_exp;  // [N, heads], of the forward pass
};

// Gradients for training spans (queries are keys). The probabilities are recomputed from
// log_sum_exp. Every row of dq, dk and dv that belongs to a span is overwritten.
void attention_backward(Cpu& cpu, const AttentionShape& shape, const SequenceSpans& spans,
                        const AttentionInputs<Cpu>& in, const AttentionUpstream<Cpu>& upstream,
                        const AttentionGradients<Cpu>& gradients);

}  // namespace trainer
