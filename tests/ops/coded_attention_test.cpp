// Attention from codes against attention over the values that the codes stand for.
#include "reference_trainer/ops/coded_attention.h"

#include <gtest/gtest.h>

#include "tests/ops/tensors.h"

namespace trainer {
namespace {

using test::random_tensor;

double largest_difference(const Tensor<Cpu>& a, const Tensor<Cpu>& b) {
  double largest = a.size() == b.size() ? 0 : HUGE_VAL;
  for (std::int64_t i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::abs(double{a.data()[i]} - double{b.data()[i]}));
  return largest;
}

struct Shape {
  std::int64_t heads, kv_heads, head_dim, tokens;
};

void expect_attention_over_values(const QuantizerSettings& quantizer, const Shape& s) {
  Cpu cpu(1);
  const auto q = random_tensor(cpu, s.tokens, s.heads * s.head_dim, 1);
  const auto k = random_tensor(cpu, s.tokens, s.kv_heads * s.head_dim, 2);
  const auto v = random_tensor(cpu, s.tokens, s.kv_heads * s.head_dim, 3);
  CodedKv<Cpu> cache({quantizer, s.kv_heads, s.head_dim, 1, s.tokens});
  CodedAttentionScratch<Cpu> scratch;
  Tensor<Cpu> out, expected, log_sum_exp, kq, vq;
  coded_attention_forward(cpu, s.heads, {{0, s.tokens, 0, s.tokens}}, {q, k, v}, cache, scratch,
                          out);
  copy(cpu, k, kq);
  copy(cpu, v, vq);
  fake_quantize(cpu, quantizer, s.head_dim, kq);
  fake_quantize(cpu, quantizer, s.head_dim, vq);
  attention_forward(cpu, {s.heads, s.kv_heads, s.head_dim}, {{0, s.tokens, 0, s.tokens}},
                    {q, kq, vq}, expected, log_sum_exp);
  // |v| <= 1 and scores of at most 64: sums of 64 products, each rounded by 2^-24.
  EXPECT_LT(largest_difference(out, expected), 64 * 64 * test::kUnit)
      << quantizer.bits << " bits, " << s.tokens << " tokens";
}

TEST(CodedAttention, IsAttentionOverTheValues) {
  for (const Shape& s : {Shape{4, 2, 8, 5}, Shape{4, 2, 8, 20}, Shape{3, 3, 20, 7},
                         Shape{4, 1, 64, 6}, Shape{2, 2, 64, 33}}) {
    for (int bits = 2; bits <= 8; ++bits) {
      expect_attention_over_values({bits, Symmetry::kSymmetric}, s);
      expect_attention_over_values({bits, Symmetry::kAsymmetric, Range::kZeroIncluded, 0.9f}, s);
      expect_attention_over_values({bits, Symmetry::kAsymmetric, Range::kTight}, s);
      expect_attention_over_values({bits, Symmetry::kAsymmetric, Range::kPaperEq4}, s);
    }
  }
}

TEST(CodedAttention, RefusesWhatTheCacheDoesNotHold) {
  Cpu cpu(1);
  const auto x = random_tensor(cpu, 2, 8, 1);
  CodedAttentionScratch<Cpu> scratch;
  Tensor<Cpu> out;
  const auto attend = [&](const SequenceSpan& span, const Tensor<Cpu>& k) {
    CodedKv<Cpu> cache({{4}, 1, 8, 2, 3});
    coded_attention_forward(cpu, 1, {span}, {x, k, k}, cache, scratch, out);
  };
  EXPECT_NO_THROW(attend({0, 2, 3, 2}, x));
  EXPECT_THROW(attend({0, 2, 0, 3}, x), std::invalid_argument);  // nothing was put in before
  EXPECT_THROW(attend({0, 2, 6, 2}, x), std::invalid_argument);  // a third sequence
  EXPECT_THROW(attend({1, 2, 0, 2}, x), std::invalid_argument);  // rows that q does not have
  const auto wide = random_tensor(cpu, 2, 16, 1);
  EXPECT_THROW(attend({0, 2, 0, 2}, wide), std::invalid_argument);
  auto bad = random_tensor(cpu, 2, 8, 1);
  bad.data()[11] = std::nanf("");
  EXPECT_THROW(attend({0, 2, 0, 2}, bad), std::domain_error);
  EXPECT_THROW(CodedKv<Cpu>({{16}, 1, 8, 1, 3}), std::invalid_argument);
}

}  // namespace
}  // namespace trainer
