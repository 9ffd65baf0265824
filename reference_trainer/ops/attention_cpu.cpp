#include "reference_trainer/ops/attention.h"

#include <array>
#include <cmath>

#include "reference_trainer/ops/cpu_chunks.h"
#include "reference_trainer/ops/cpu_maps.h"

namespace trainer {
namespace {

// Scores exist for this many queries at a time, against the keys that the last of them sees.
constexpr std::int64_t kBlockQueries = 64;

using HeadView = Eigen::Map<RowMajorMatrix, 0, Eigen::OuterStride<>>;
using ConstHeadView = Eigen::Map<const RowMajorMatrix, 0, Eigen::OuterStride<>>;

// Consecutive rows of a matrix.
struct Rows {
  std::int64_t begin, count;
};

// The columns of one head within some rows: [count, head_dim], rows a whole matrix row apart.
HeadView head_view(Tensor<Cpu>& t, const Rows& rows, std::int64_t head, std::int64_t head_dim) {
  return {t.data() + rows.begin * t.cols() + head * head_dim, rows.count, head_dim,
          Eigen::OuterStride<>(t.cols())};
}

ConstHeadView head_view(const Tensor<Cpu>& t, const Rows& rows, std::int64_t head,
                        std::int64_t head_dim) {
  return {t.data() + rows.begin * t.cols() + head * head_dim, rows.count, head_dim,
          Eigen::OuterStride<>(t.cols())};
}

// A block of queries of one query head, and the keys that its last query sees.
struct Block {
  Rows queries, keys;
  std::int64_t head, kv_head;

  // Query i of the block sees this many of the keys.
  std::int64_t visible(std::int64_t i) const { return keys.count - queries.count + 1 + i; }
};

// body(block) for the query heads that share kv_head, in order, and their blocks, in order.
template <class Body>
void for_blocks(const AttentionShape& shape, const SequenceSpan& span, std::int64_t kv_head,
                const Body& body) {
  const std::int64_t group = shape.heads / shape.kv_heads;
  for (std::int64_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
    for (std::int64_t first = 0; first < span.queries; first += kBlockQueries) {
      const std::int64_t count = std::min(kBlockQueries, span.queries - first);
      const std::int64_t keys = span.keys - span.queries + first + count;
      body(Block{{span.query_begin + first, count}, {span.key_begin, keys}, head, kv_head});
    }
  }
}

// body(span, kv_head) for all sequences and key/value heads: no two of them write the same values.
template <class Body>
void for_kv_heads(Cpu& cpu, const AttentionShape& shape, const SequenceSpans& spans,
                  const Body& body) {
  const auto sequences = static_cast<std::int64_t>(spans.size());
  for_chunks(cpu, sequences * shape.kv_heads, 1, [&](std::int64_t task, std::int64_t) {
    body(spans[task / shape.kv_heads], task % shape.kv_heads);
  });
}

Cpu::Buffer<float> allocate_scores(Cpu& cpu, const SequenceSpan& span) {
  return cpu.allocate<float>(std::min(kBlockQueries, span.queries) * span.keys);
}

float score_scale(const AttentionShape& shape) {
  return 1.0f / std::sqrt(static_cast<float>(shape.head_dim));
}

void zero_masked(const Block& block, MatrixView scores) {
  for (std::int64_t i = 0; i < scores.rows(); ++i) {
    scores.row(i).tail(scores.cols() - block.visible(i)).setZero();
  }
}

// scores := exp(scores - shift of the row), masked ones 0. One pass over the whole block keeps the
// vector exponential free of a ragged end in every row.
template <class Shifts>
void exponentiate(const Block& block, const Shifts& shifts, MatrixView scores) {
  zero_masked(block, scores);
  for (std::int64_t i = 0; i < scores.rows(); ++i) {
    scores.row(i).head(block.visible(i)).array() -= shifts[i];
  }
  scores.array() = scores.array().exp();
  zero_masked(block, scores);
}

void forward_block(const AttentionShape& shape, const Block& block, const AttentionInputs<Cpu>& in,
                   Tensor<Cpu>& out, Tensor<Cpu>& log_sum_exp, MatrixView scores) {
  const std::int64_t d = shape.head_dim;
  const auto q = head_view(in.q, block.queries, block.head, d);
  const auto k = head_view(in.k, block.keys, block.kv_head, d);
  const auto v = head_view(in.v, block.keys, block.kv_head, d);
  auto o = head_view(out, block.queries, block.head, d);

  scores.noalias() = (score_scale(shape) * q) * k.transpose();
  std::array<float, kBlockQueries> largest;
  for (std::int64_t i = 0; i < scores.rows(); ++i) {
    largest[i] = scores.row(i).head(block.visible(i)).maxCoeff();
  }
  exponentiate(block, largest, scores);
  o.noalias() = scores * v;
  for (std::int64_t i = 0; i < scores.rows(); ++i) {
    const float sum = scores.row(i).sum();
    o.row(i) *= 1.0f / sum;
    log_sum_exp.data()[(block.queries.begin + i) * shape.heads + block.head] =
        largest[i] + std::log(sum);
  }
}

// The two score-shaped matrices of the backward pass.
struct BackwardScratch {
  MatrixView p, dp;
};

// p := the probabilities of the forward pass.
void recompute_probabilities(const AttentionShape& shape, const Block& block,
                             const AttentionInputs<Cpu>& in, const Tensor<Cpu>& log_sum_exp,
                             MatrixView p) {
  const auto q = head_view(in.q, block.queries, block.head, shape.head_dim);
  const auto k = head_view(in.k, block.keys, block.kv_head, shape.head_dim);
  p.noalias() = (score_scale(shape) * q) * k.transpose();
  std::array<float, kBlockQueries> shifts;
  for (std::int64_t i = 0; i < p.rows(); ++i) {
    shifts[i] = log_sum_exp.data()[(block.queries.begin + i) * shape.heads + block.head];
  }
  exponentiate(block, shifts, p);
}

// dp := p (dp - rowsum(p dp)), the gradient of softmax.
void softmax_backward(MatrixView p, MatrixView dp) {
  for (std::int64_t i = 0; i < p.rows(); ++i) {
    const float dot = p.row(i).dot(dp.row(i));
    dp.row(i).array() = p.row(i).array() * (dp.row(i).array() - dot);
  }
}

void backward_block(const AttentionShape& shape, const Block& block, const AttentionInputs<Cpu>& in,
                    const AttentionUpstream<Cpu>& upstream,
                    const AttentionGradients<Cpu>& gradients, BackwardScratch scratch) {
  const std::int64_t d = shape.head_dim;
  const auto q = head_view(in.q, block.queries, block.head, d);
  const auto k = head_view(in.k, block.keys, block.kv_head, d);
  const auto v = head_view(in.v, block.keys, block.kv_head, d);
  const auto dout = head_view(upstream.dout, block.queries, block.head, d);

  recompute_probabilities(shape, block, in, upstream.log_sum_exp, scratch.p);
  scratch.dp.noalias() = dout * v.transpose();
  head_view(gradients.dv, block.keys, block.kv_head, d).noalias() += scratch.p.transpose() * dout;
  softmax_backward(scratch.p, scratch.dp);
  const float scale = score_scale(shape);
  head_view(gradients.dq, block.queries, block.head, d).noalias() = (scale * scratch.dp) * k;
  head_view(gradients.dk, block.keys, block.kv_head, d).noalias() +=
      (scale * scratch.dp).transpose() * q;
}

void require_span(const SequenceSpan& span, const AttentionInputs<Cpu>& in) {
  const bool fits = span.queries > 0 && span.keys >= span.queries && span.query_begin >= 0 &&
                    span.key_begin >= 0 && span.query_begin + span.queries <= in.q.rows() &&
                    span.key_begin + span.keys <= in.k.rows();
  if (fits) return;
  throw std::invalid_argument(
      "attention: got a span of " + std::to_string(span.queries) + " queries from row " +
      std::to_string(span.query_begin) + " and " + std::to_string(span.keys) + " keys from row " +
      std::to_string(span.key_begin) + ", expected 1 <= queries <= keys within " +
      std::to_string(in.q.rows()) + " query rows and " + std::to_string(in.k.rows()) + " key rows");
}

void require_inputs(const AttentionShape& shape, const SequenceSpans& spans,
                    const AttentionInputs<Cpu>& in) {
  if (shape.kv_heads < 1 || shape.heads < 1 || shape.heads % shape.kv_heads != 0) {
    throw std::invalid_argument("attention: got " + std::to_string(shape.kv_heads) +
                                " kv heads, expected a divisor of the " +
                                std::to_string(shape.heads) + " heads");
  }
  require_equal("attention: columns of q", in.q.cols(), shape.heads * shape.head_dim);
  require_equal("attention: columns of k", in.k.cols(), shape.kv_heads * shape.head_dim);
  require_same_shape("attention: shape of v against k", in.v, in.k);
  for (const SequenceSpan& span : spans) require_span(span, in);
}

}  // namespace

void attention_forward(Cpu& cpu, const AttentionShape& shape, const SequenceSpans& spans,
                       const AttentionInputs<Cpu>& in, Tensor<Cpu>& out, Tensor<Cpu>& log_sum_exp) {
  require_inputs(shape, spans, in);
  out.reshape(cpu, in.q.rows(), in.q.cols());
  log_sum_exp.reshape(cpu, in.q.rows(), shape.heads);
  for_kv_heads(cpu, shape, spans, [&](const SequenceSpan& span, std::int64_t kv_head) {
    const auto scores = allocate_scores(cpu, span);
    for_blocks(shape, span, kv_head, [&](const Block& block) {
      forward_block(shape, block, in, out, log_sum_exp,
                    {scores.get(), block.queries.count, block.keys.count});
    });
  });
}

void attention_backward(Cpu& cpu, const AttentionShape& shape, const SequenceSpans& spans,
                        const AttentionInputs<Cpu>& in, const AttentionUpstream<Cpu>& upstream,
                        const AttentionGradients<Cpu>& gradients) {
  require_inputs(shape, spans, in);
  require_same_shape("attention_backward: shape of dout against q", upstream.dout, in.q);
  require_equal("attention_backward: columns of log_sum_exp", upstream.log_sum_exp.cols(),
                shape.heads);
  gradients.dq.reshape(cpu, in.q.rows(), in.q.cols());
  gradients.dk.reshape(cpu, in.k.rows(), in.k.cols());
  gradients.dv.reshape(cpu, in.v.rows(), in.v.cols());
  for_kv_heads(cpu, shape, spans, [&](const SequenceSpan& span, std::int64_t kv_head) {
    const auto p = allocate_scores(cpu, span), dp = allocate_scores(cpu, span);
    const Rows keys{span.key_begin, span.keys};
    head_view(gradients.dk, keys, kv_head, shape.head_dim).setZero();
    head_view(gradients.dv, keys, kv_head, shape.head_dim).setZero();
    for_blocks(shape, span, kv_head, [&](const Block& block) {
      const std::int64_t rows = block.queries.count, cols = block.keys.count;
      backward_block(shape, block, in, upstream, gradients,
                     {{p.get(), rows, cols}, {dp.get(), rows, cols}});
    });
  });
}

}  // namespace trainer
