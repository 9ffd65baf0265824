#include "reference_trainer/ops/coded_attention.h"

#include <algorithm>
#include <cmath>

#include "reference_trainer/ops/cpu_chunks.h"
#include "reference_trainer/ops/cpu_maps.h"
#include "reference_trainer/ops/kv_codes.h"
#include "roste/cpu/kv_cache.h"

namespace trainer {
namespace {

using RowsView = roste::cpu::MatrixView<float>;
using ConstRowsView = roste::cpu::MatrixView<const float>;

// From this many queries of a sequence on, its keys and values are unpacked once for all of them.
constexpr std::int64_t kManyQueries = 8;

// Tensors of attention over codes, and where a span's sequence lies.
struct Job {
  const AttentionInputs<Cpu>& in;
  CodedKv<Cpu>& cache;
  std::int64_t group;  // query heads that share a key/value head

  std::size_t sequence(const SequenceSpan& span) const {
    return static_cast<std::size_t>(span.key_begin / cache.shape().capacity);
  }
};

void require_span(const Job& job, const SequenceSpan& span) {
  const CodedKvShape& shape = job.cache.shape();
  const std::int64_t sequence = span.key_begin / shape.capacity;
  if (sequence >= 0 && sequence < shape.sequences) {
    const std::int64_t held = job.cache.keys(job.sequence(span)).tokens();
    const bool fits = span.queries > 0 && span.query_begin >= 0 &&
                      span.query_begin + span.queries <= job.in.q.rows() &&
                      held + span.queries == span.keys;
    if (fits) return;
  }
  throw std::invalid_argument("coded attention: got a span of " + std::to_string(span.queries) +
                              " queries and " + std::to_string(span.keys) + " keys for sequence " +
                              std::to_string(sequence) +
                              ", expected what its cache will hold after them");
}

ConstRowsView new_rows(const Tensor<Cpu>& x, const SequenceSpan& span) {
  return {x.data() + span.query_begin * x.cols(), span.queries, x.cols()};
}

void append(Cpu& cpu, const Job& job, const SequenceSpans& spans) {
  for_chunks(cpu, std::ssize(spans), 1, [&](std::int64_t i, std::int64_t) {
    const SequenceSpan& span = spans[static_cast<std::size_t>(i)];
    job.cache.keys(job.sequence(span)).append(new_rows(job.in.k, span));
    job.cache.values(job.sequence(span)).append(new_rows(job.in.v, span));
  });
}

// scores := softmax(scores / sqrt(head_dim))
void softmax(std::int64_t head_dim, std::span<float> scores) {
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
  ArrayView s(scores.data(), std::ssize(scores));
  s = ((s - s.maxCoeff()) * scale).exp();
  s *= 1.0f / s.sum();
}

// All queries of the heads that read one key/value head.
void attend_head(const Job& job, const SequenceSpan& span, std::int64_t kv_head,
                 std::span<float> scores, Tensor<Cpu>& out) {
  const std::int64_t d = job.cache.shape().head_dim;
  const KvCodes& keys = job.cache.keys(job.sequence(span));
  const KvCodes& values = job.cache.values(job.sequence(span));
  for (std::int64_t i = 0; i < span.queries; ++i) {
    const std::span<float> seen =
        scores.first(static_cast<std::size_t>(span.keys - span.queries + i + 1));
    for (std::int64_t head = kv_head * job.group; head < (kv_head + 1) * job.group; ++head) {
      const std::int64_t at = (span.query_begin + i) * job.in.q.cols() + head * d;
      keys.dot(kv_head, {job.in.q.data() + at, static_cast<std::size_t>(d)}, seen);
      softmax(d, seen);
      values.weighted_sum(kv_head, seen, {out.data() + at, static_cast<std::size_t>(d)});
    }
  }
}

// Straight from the codes.
void attend_to_codes(Cpu& cpu, const Job& job, const SequenceSpans& spans, Tensor<Cpu>& scores,
                     Tensor<Cpu>& out) {
  const CodedKvShape& shape = job.cache.shape();
  scores.reshape(cpu, shape.sequences * shape.kv_heads, shape.capacity);
  for_chunks(cpu, std::ssize(spans) * shape.kv_heads, 1, [&](std::int64_t task, std::int64_t) {
    const auto row = scores.data() + task * shape.capacity;
    attend_head(job, spans[static_cast<std::size_t>(task / shape.kv_heads)], task % shape.kv_heads,
                {row, static_cast<std::size_t>(shape.capacity)}, out);
  });
}

void read_heads(const KvCodes& codes, const CodedKvShape& shape, const SequenceSpan& span,
                Tensor<Cpu>& x) {
  for (std::int64_t head = 0; head < shape.kv_heads; ++head) {
    float* first = x.data() + span.key_begin * x.cols() + head * shape.head_dim;
    codes.read(head, RowsView(first, span.keys, shape.head_dim, x.cols()));
  }
}

// Over values, as all layers share their memory.
void attend_to_values(Cpu& cpu, const AttentionShape& attention, const Job& job,
                      const SequenceSpans& spans, CodedAttentionScratch<Cpu>& scratch,
                      Tensor<Cpu>& out) {
  scratch.own_spans = spans;
  std::int64_t rows = 0;
  for (SequenceSpan& span : scratch.own_spans) {
    span.key_begin = rows;
    rows += span.keys;
  }
  const std::int64_t width = attention.kv_heads * attention.head_dim;
  scratch.k.reshape(cpu, rows, width);
  scratch.v.reshape(cpu, rows, width);
  for_chunks(cpu, std::ssize(spans), 1, [&](std::int64_t i, std::int64_t) {
    const auto s = static_cast<std::size_t>(i);
    const std::size_t sequence = job.sequence(spans[s]);
    read_heads(job.cache.keys(sequence), job.cache.shape(), scratch.own_spans[s], scratch.k);
    read_heads(job.cache.values(sequence), job.cache.shape(), scratch.own_spans[s], scratch.v);
  });
  attention_forward(cpu, attention, scratch.own_spans, {job.in.q, scratch.k, scratch.v}, out,
                    scratch.log_sum_exp);
}

}  // namespace

CodedKv<Cpu>::CodedKv(const CodedKvShape& shape) : shape_(shape) {
  for (std::int64_t s = 0; s < shape.sequences; ++s) {
    keys_.push_back(make_kv_codes(shape));
    values_.push_back(make_kv_codes(shape));
  }
}

CodedKv<Cpu>::~CodedKv() = default;
CodedKv<Cpu>::CodedKv(CodedKv&&) noexcept = default;
CodedKv<Cpu>& CodedKv<Cpu>::operator=(CodedKv&&) noexcept = default;

std::size_t CodedKv<Cpu>::bytes() const {
  const std::int64_t lanes = roste::cpu::kKvLanes;
  const std::int64_t width = (shape_.head_dim + lanes - 1) / lanes * lanes;
  const std::int64_t row =
      width * shape_.quantizer.bits / 8 + static_cast<std::int64_t>(sizeof(roste::GroupParams));
  return static_cast<std::size_t>(2 * shape_.sequences * shape_.capacity * shape_.kv_heads * row);
}

void coded_attention_forward(Cpu& cpu, std::int64_t heads, const SequenceSpans& spans,
                             const AttentionInputs<Cpu>& in, CodedKv<Cpu>& cache,
                             CodedAttentionScratch<Cpu>& scratch, Tensor<Cpu>& out) {
  const CodedKvShape& shape = cache.shape();
  require_equal("coded attention: columns of q", in.q.cols(), heads * shape.head_dim);
  require_equal("coded attention: columns of k", in.k.cols(), shape.kv_heads * shape.head_dim);
  require_same_shape("coded attention: shape of v against k", in.v, in.k);
  const Job job{in, cache, heads / shape.kv_heads};
  for (const SequenceSpan& span : spans) require_span(job, span);
  append(cpu, job, spans);
  const bool many = std::ranges::any_of(
      spans, [](const SequenceSpan& span) { return span.queries >= kManyQueries; });
  if (many) {
    attend_to_values(cpu, {heads, shape.kv_heads, shape.head_dim}, job, spans, scratch, out);
    return;
  }
  out.reshape(cpu, in.q.rows(), in.q.cols());
  attend_to_codes(cpu, job, spans, scratch.scores, out);
}

}  // namespace trainer
