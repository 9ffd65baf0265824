#include "reference_trainer/ops/attention.h"

#include <limits>
#include <stdexcept>

#include "tests/ops/gradcheck.h"

namespace trainer::test {
namespace {

// q, k and v of one case, their shape and their sequences.
struct Case {
  AttentionShape shape;
  SequenceSpans spans;
  std::int64_t query_rows, key_rows;
};

Values twin(const Case& c, const Values& q, const Values& k, const Values& v) {
  const auto [heads, kv_heads, d] = c.shape;
  Values out(q.size());
  for (const SequenceSpan& span : c.spans) {
    for (std::int64_t i = 0; i < span.queries; ++i) {
      for (std::int64_t h = 0; h < heads; ++h) {
        const std::int64_t at = ((span.query_begin + i) * heads + h) * d;
        const std::int64_t kv_head = h / (heads / kv_heads);
        double sum = 0;
        Values mixed(d);
        for (std::int64_t j = 0; j <= span.keys - span.queries + i; ++j) {
          const std::int64_t key = ((span.key_begin + j) * kv_heads + kv_head) * d;
          double score = 0;
          for (std::int64_t x = 0; x < d; ++x) score += q[at + x] * k[key + x];
          const double weight = std::exp(score / std::sqrt(static_cast<double>(d)));
          sum += weight;
          for (std::int64_t x = 0; x < d; ++x) mixed[x] += weight * v[key + x];
        }
        for (std::int64_t x = 0; x < d; ++x) out[at + x] = mixed[x] / sum;
      }
    }
  }
  return out;
}

// Consecutive sequences of the given lengths, as in training.
Case training_case(const AttentionShape& shape, const std::vector<std::int64_t>& lengths) {
  Case c{shape, {}, 0, 0};
  for (const std::int64_t length : lengths) {
    c.spans.push_back({c.query_rows, length, c.query_rows, length});
    c.query_rows += length;
  }
  c.key_rows = c.query_rows;
  return c;
}

struct Inputs {
  Tensor<Cpu> q, k, v;
  Inputs(Cpu& cpu, const Case& c)
      : q(random_tensor(cpu, c.query_rows, c.shape.heads * c.shape.head_dim, 1)),
        k(random_tensor(cpu, c.key_rows, c.shape.kv_heads * c.shape.head_dim, 2)),
        v(random_tensor(cpu, c.key_rows, c.shape.kv_heads * c.shape.head_dim, 3)) {
    for (std::int64_t i = 0; i < q.size(); ++i) q.data()[i] *= 4;  // probabilities far from equal
  }
};

// A score of d terms of at most 4 is off by (d + 2) u 4 sqrt(d); the weights then by twice that and
// the roundings of exp; the sum over keys by keys u. Outputs are at most 1.
double forward_bound(const Case& c, std::int64_t longest) {
  const auto d = static_cast<double>(c.shape.head_dim);
  return (2 * (d + 2) * 4 * std::sqrt(d) + 8 + static_cast<double>(longest)) * kUnit;
}

TEST(Attention, GoldenTwoTokens) {
  Cpu cpu(1);
  const Case c = training_case({1, 1, 1}, {2});
  const Tensor<Cpu> q = tensor_of(cpu, 2, 1, {5, 1}), k = tensor_of(cpu, 2, 1, {0, 1});
  const Tensor<Cpu> v = tensor_of(cpu, 2, 1, {10, 20});
  Tensor<Cpu> out, log_sum_exp;
  attention_forward(cpu, c.shape, c.spans, {q, k, v}, out, log_sum_exp);
  EXPECT_FLOAT_EQ(out.data()[0], 10.0f);          // the first token sees itself only
  EXPECT_FLOAT_EQ(out.data()[1], 17.310585786f);  // sigmoid(1) = 0.7310585786
  EXPECT_NEAR(log_sum_exp.data()[0], 0.0, 1e-7);
  EXPECT_FLOAT_EQ(log_sum_exp.data()[1], 1.313261688f);  // log(1 + e)
}

TEST(Attention, ForwardAgainstTheDoubleTwin) {
  Cpu cpu(2);
  const std::vector<Case> cases{
      training_case({1, 1, 1}, {1}), training_case({4, 2, 3}, {5, 1, 9, 2}),
      training_case({3, 1, 8}, {64, 65, 63}), training_case({2, 2, 5}, {150, 3})};
  for (const Case& c : cases) {
    const Inputs in(cpu, c);
    Tensor<Cpu> out, log_sum_exp;
    attention_forward(cpu, c.shape, c.spans, {in.q, in.k, in.v}, out, log_sum_exp);
    EXPECT_EQ(log_sum_exp.rows(), c.query_rows);
    EXPECT_EQ(log_sum_exp.cols(), c.shape.heads);
    expect_near(out, twin(c, doubles(in.q), doubles(in.k), doubles(in.v)), forward_bound(c, 150));
  }
}

struct Gradients {
  Tensor<Cpu> dq, dk, dv;
};

Gradients gradients_of(Cpu& cpu, const Case& c, const Inputs& in, const Tensor<Cpu>& dout) {
  Tensor<Cpu> out, log_sum_exp;
  attention_forward(cpu, c.shape, c.spans, {in.q, in.k, in.v}, out, log_sum_exp);
  Gradients g{constant_tensor(cpu, 1, 7, 9), constant_tensor(cpu, 1, 7, 9), {}};
  attention_backward(cpu, c.shape, c.spans, {in.q, in.k, in.v}, {dout, log_sum_exp},
                     {g.dq, g.dk, g.dv});
  return g;
}

// The relative error of a probability (forward_bound) times upstream, value and key or query of at
// most 4 d, over at most `longest` rows whose probabilities add up to far less than that.
void expect_gradients(Cpu& cpu, const Case& c, std::int64_t longest) {
  const Inputs in(cpu, c);
  const Tensor<Cpu> dout = random_tensor(cpu, c.query_rows, in.q.cols(), 4);
  const Gradients got = gradients_of(cpu, c, in, dout);
  const Values q = doubles(in.q), k = doubles(in.k), v = doubles(in.v), upstream = doubles(dout);
  const double bound = 4 * static_cast<double>(c.shape.head_dim) * forward_bound(c, longest);
  const auto by_q = [&](const Values& x) { return dot(upstream, twin(c, x, k, v)); };
  const auto by_k = [&](const Values& x) { return dot(upstream, twin(c, q, x, v)); };
  const auto by_v = [&](const Values& x) { return dot(upstream, twin(c, q, k, x)); };
  expect_near(got.dq, numeric_gradient(q, by_q), bound);
  expect_near(got.dk, numeric_gradient(k, by_k), bound);
  expect_near(got.dv, numeric_gradient(v, by_v), bound);
}

TEST(Attention, BackwardOfRaggedGroupedHeads) {
  Cpu cpu(2);
  expect_gradients(cpu, training_case({4, 2, 3}, {5, 1, 9, 2}), 9);
}

TEST(Attention, BackwardAcrossBlocksOfQueries) {
  Cpu cpu(2);
  expect_gradients(cpu, training_case({2, 1, 2}, {70}), 70);
}

// New queries against rows of a cache that lie far apart, with unreadable rows between them.
TEST(Attention, GenerationEqualsTheLastRowsOfTraining) {
  Cpu cpu(2);
  const Case training = training_case({4, 2, 3}, {6, 1, 70});
  const Inputs in(cpu, training);
  Tensor<Cpu> out, log_sum_exp;
  attention_forward(cpu, training.shape, training.spans, {in.q, in.k, in.v}, out, log_sum_exp);

  const std::int64_t cols = in.k.cols(), stride = 90;
  Tensor<Cpu> k = constant_tensor(cpu, 3 * stride, cols, std::nanf("")), v, q(cpu, 3, in.q.cols());
  copy(cpu, k, v);
  Case generation{training.shape, {}, 3, 3 * stride};
  for (std::int64_t s = 0; s < 3; ++s) {
    const SequenceSpan& span = training.spans[s];
    const std::int64_t last = span.query_begin + span.queries - 1, to = s * stride + 5;
    std::copy_n(in.q.data() + last * q.cols(), q.cols(), q.data() + s * q.cols());
    std::copy_n(in.k.data() + span.key_begin * cols, span.keys * cols, k.data() + to * cols);
    std::copy_n(in.v.data() + span.key_begin * cols, span.keys * cols, v.data() + to * cols);
    generation.spans.push_back({s, 1, to, span.keys});
  }
  Tensor<Cpu> one, one_lse;
  attention_forward(cpu, generation.shape, generation.spans, {q, k, v}, one, one_lse);
  for (std::int64_t s = 0; s < 3; ++s) {
    const std::int64_t last = training.spans[s].query_begin + training.spans[s].queries - 1;
    for (std::int64_t c = 0; c < q.cols(); ++c) {
      EXPECT_NEAR(one.data()[s * q.cols() + c], out.data()[last * q.cols() + c],
                  2 * forward_bound(training, 70));
    }
  }
}

// A prompt that continues a cache: several queries, more keys.
TEST(Attention, LaterQueriesAgainstACache) {
  Cpu cpu(2);
  const Case c{{2, 1, 4}, {{0, 3, 2, 10}, {3, 66, 12, 80}}, 69, 92};
  const Inputs in(cpu, c);
  Tensor<Cpu> out, log_sum_exp;
  attention_forward(cpu, c.shape, c.spans, {in.q, in.k, in.v}, out, log_sum_exp);
  expect_near(out, twin(c, doubles(in.q), doubles(in.k), doubles(in.v)), forward_bound(c, 80));
}

TEST(Attention, SequencesDoNotSeeOneAnother) {
  Cpu cpu(1);
  const Case c = training_case({2, 1, 4}, {3, 5, 2});
  Inputs in(cpu, c);
  const Tensor<Cpu> dout = random_tensor(cpu, c.query_rows, in.q.cols(), 4);
  const Gradients before = gradients_of(cpu, c, in, dout);
  for (Tensor<Cpu>* t : {&in.q, &in.k, &in.v}) {  // the middle sequence becomes unreadable
    std::fill_n(t->data() + 3 * t->cols(), 5 * t->cols(), std::nanf(""));
  }
  const Gradients after = gradients_of(cpu, c, in, dout);
  for (const auto& [x, y] : {std::pair{&after.dq, &before.dq}, std::pair{&after.dk, &before.dk},
                             std::pair{&after.dv, &before.dv}}) {
    const std::int64_t cols = x->cols();
    const auto part = [&](const Tensor<Cpu>& t, std::int64_t begin, std::int64_t end) {
      return std::vector<float>(t.data() + begin * cols, t.data() + end * cols);
    };
    expect_same_bits(part(*x, 0, 3), part(*y, 0, 3));
    expect_same_bits(part(*x, 8, 10), part(*y, 8, 10));
  }
}

TEST(Attention, LaterTokensDoNotChangeEarlierOutputs) {
  Cpu cpu(1);
  const Case c = training_case({2, 1, 4}, {100});
  Inputs in(cpu, c);
  Tensor<Cpu> before, after, log_sum_exp;
  attention_forward(cpu, c.shape, c.spans, {in.q, in.k, in.v}, before, log_sum_exp);
  for (Tensor<Cpu>* t : {&in.k, &in.v}) std::fill_n(t->data() + 50 * 4, 50 * 4, 8.0f);
  attention_forward(cpu, c.shape, c.spans, {in.q, in.k, in.v}, after, log_sum_exp);
  expect_same_bits({after.data(), after.data() + 50 * 8}, {before.data(), before.data() + 50 * 8});
  EXPECT_NE(after.data()[50 * 8], before.data()[50 * 8]);
}

TEST(Attention, LargeScoresDoNotOverflow) {
  Cpu cpu(1);
  const Case c = training_case({1, 1, 1}, {2});
  const Tensor<Cpu> q = constant_tensor(cpu, 2, 1, 1000), k = tensor_of(cpu, 2, 1, {1000, 1});
  const Tensor<Cpu> v = tensor_of(cpu, 2, 1, {3, 4});
  Tensor<Cpu> out, log_sum_exp;
  attention_forward(cpu, c.shape, c.spans, {q, k, v}, out, log_sum_exp);
  EXPECT_EQ(floats(out), (std::vector<float>{3, 3}));
  EXPECT_EQ(log_sum_exp.data()[1], 1e6f);
}

TEST(Attention, SameBitsForAnyThreads) {
  const Case c = training_case({4, 2, 16}, {70, 1, 33, 130, 5});
  expect_same_bits_for_any_threads([&](Cpu& cpu) {
    const Inputs in(cpu, c);
    const Gradients g = gradients_of(cpu, c, in, random_tensor(cpu, c.query_rows, 64, 4));
    std::vector<float> all = floats(g.dq);
    for (const Tensor<Cpu>* t : {&g.dk, &g.dv}) {
      all.insert(all.end(), t->data(), t->data() + t->size());
    }
    return all;
  });
}

TEST(Attention, ImpossibleShapesAndSpansAreRefused) {
  Cpu cpu(1);
  const Case c = training_case({2, 1, 4}, {4});
  const Inputs in(cpu, c);
  Tensor<Cpu> out, log_sum_exp;
  const auto forward = [&](const AttentionShape& shape, const SequenceSpan& span) {
    attention_forward(cpu, shape, {span}, {in.q, in.k, in.v}, out, log_sum_exp);
  };
  EXPECT_NO_THROW(forward(c.shape, {0, 4, 0, 4}));
  EXPECT_THROW(forward({3, 2, 4}, {0, 4, 0, 4}), std::invalid_argument);
  EXPECT_THROW(forward({2, 1, 3}, {0, 4, 0, 4}), std::invalid_argument);
  EXPECT_THROW(forward(c.shape, {0, 0, 0, 4}), std::invalid_argument);
  EXPECT_THROW(forward(c.shape, {0, 4, 0, 3}), std::invalid_argument);
  EXPECT_THROW(forward(c.shape, {1, 4, 0, 4}), std::invalid_argument);
  EXPECT_THROW(forward(c.shape, {0, 4, 1, 4}), std::invalid_argument);
  EXPECT_THROW(forward(c.shape, {-1, 4, 0, 4}), std::invalid_argument);
}

}  // namespace
}  // namespace trainer::test
