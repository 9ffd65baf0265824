// Attention over keys and values that are kept as codes, one scale and zero point for each token's
// head. K and V alone are quantized; queries and probabilities stay floats (Fig. 4).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "reference_trainer/ops/attention.h"
#include "reference_trainer/ops/quant.h"

namespace trainer {

// What a cache of codes is made for.
struct CodedKvShape {
  QuantizerSettings quantizer;  // bits 2 ... 8
  std::int64_t kv_heads, head_dim;
  std::int64_t sequences;
  std::int64_t capacity;  // tokens of a sequence
};

// Heads of at most this many values can be kept as codes.
inline constexpr std::int64_t kMaxCodedHeadDim = 1024;

class KvCodes;  // keys or values of one sequence

// Keys and values of all sequences in one layer. A span's key_begin is sequence * capacity.
template <Backend B>
class CodedKv;

template <>
class CodedKv<Cpu> {
 public:
  // Throws std::invalid_argument for a shape that the library's cache refuses.
  explicit CodedKv(const CodedKvShape& shape);
  ~CodedKv();
  CodedKv(CodedKv&&) noexcept;
  CodedKv& operator=(CodedKv&&) noexcept;

  const CodedKvShape& shape() const { return shape_; }
  std::size_t bytes() const;  // that the codes, scales and zero points occupy
  KvCodes& keys(std::size_t sequence) { return *keys_[sequence]; }
  KvCodes& values(std::size_t sequence) { return *values_[sequence]; }

 private:
  CodedKvShape shape_;
  std::vector<std::unique_ptr<KvCodes>> keys_, values_;  // [sequences]
};

// Memory that calls share; each grows it to what it needs.
template <Backend B>
struct CodedAttentionScratch {
  Tensor<B> scores;         // [sequences * kv_heads, capacity]
  Tensor<B> k, v;           // of one layer, for many queries at once
  Tensor<B> log_sum_exp;    // not used
  SequenceSpans own_spans;  // of k and v
};

// Appends rows query_begin ... of k and v [N, kv_heads * head_dim] to the sequence of each span,
// quantized, and then out := attention of q over all of its tokens, as attention_forward. Every
// span's sequence holds keys - queries tokens before. Throws as attention_forward,
// std::domain_error for a non-finite key or value, std::length_error where there is no room.
void coded_attention_forward(Cpu& cpu, std::int64_t heads, const SequenceSpans& spans,
                             const AttentionInputs<Cpu>& in, CodedKv<Cpu>& cache,
                             CodedAttentionScratch<Cpu>& scratch, Tensor<Cpu>& out);

}  // namespace trainer
