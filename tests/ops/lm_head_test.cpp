#include "reference_trainer/ops/lm_head.h"

#include <stdexcept>

#include "tests/ops/gradcheck.h"

namespace trainer::test {
namespace {

// Summed cross-entropy of h [N, d] against head [vocab, d] in double.
double twin(const Values& h, const Values& head, std::int64_t d, const std::vector<int>& targets) {
  const auto vocab = static_cast<std::int64_t>(head.size()) / d;
  double loss = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i] < 0) continue;
    double sum = 0, target_logit = 0;
    for (std::int64_t t = 0; t < vocab; ++t) {
      double logit = 0;
      for (std::int64_t c = 0; c < d; ++c) logit += h[i * d + c] * head[t * d + c];
      sum += std::exp(logit);
      if (t == targets[i]) target_logit = logit;
    }
    loss += std::log(sum) - target_logit;
  }
  return loss;
}

const Tensor<Cpu> kNoBias;

LmHead<Cpu> bare(const Tensor<Cpu>& weight) { return {weight, kNoBias}; }

std::vector<int> mixed_targets(int rows, int vocab) {
  std::vector<int> targets(rows);
  for (int i = 0; i < rows; ++i) targets[i] = i % 3 == 1 ? -1 : (i * 7) % vocab;
  return targets;
}

TEST(LmHead, GoldenLossOfUniformLogits) {
  Cpu cpu(1);
  const Tensor<Cpu> h = constant_tensor(cpu, 3, 2, 0), head = random_tensor(cpu, 5, 2, 1);
  const LossSum loss = lm_head_loss(cpu, h, bare(head), indices_of(cpu, {0, -1, 4}));
  EXPECT_EQ(loss.targets, 2);
  EXPECT_NEAR(loss.negative_log_likelihood, 2 * 1.6094379124341003, 1e-7);  // 2 ln 5
}

TEST(LmHead, ForwardIsHTimesHeadTransposed) {
  Cpu cpu(1);
  Tensor<Cpu> logits;
  const Tensor<Cpu> head = tensor_of(cpu, 3, 2, {1, 0, 0, 1, 1, 1});
  lm_head_forward(cpu, tensor_of(cpu, 1, 2, {2, 3}), bare(head), logits);
  EXPECT_EQ(floats(logits), (std::vector<float>{2, 3, 5}));
}

// A logit of d = 5 terms below 1 is off by 7 u 5, its exponential sum and logarithm by 10 u more:
// 50 u a row.
TEST(LmHead, LossAgainstTheDoubleTwin) {
  Cpu cpu(2);
  const std::vector<int> targets = mixed_targets(700, 331);  // two chunks of rows
  const Tensor<Cpu> h = random_tensor(cpu, 700, 5, 1), head = random_tensor(cpu, 331, 5, 2);
  const LossSum loss = lm_head_loss(cpu, h, bare(head), indices_of(cpu, targets));
  EXPECT_EQ(loss.targets, 467);
  EXPECT_NEAR(loss.negative_log_likelihood, twin(doubles(h), doubles(head), 5, targets),
              467 * 50 * kUnit);
}

struct Gradients {
  LossSum loss;
  std::vector<float> dh, dhead;
};

Gradients gradients_of(Cpu& cpu, const Tensor<Cpu>& h, const Tensor<Cpu>& head,
                       const std::vector<int>& targets, float scale) {
  Tensor<Cpu> dh, none, dhead = constant_tensor(cpu, head.rows(), head.cols(), 0);
  const LossSum loss =
      lm_head_loss_backward(cpu, h, bare(head), indices_of(cpu, targets), scale, {dh, dhead, none});
  return {loss, floats(dh), floats(dhead)};
}

// Probabilities are off by 50 u relative (above); sums of at most 11 such terms of at most 1.
TEST(LmHead, BackwardAgainstCentralDifferences) {
  Cpu cpu(2);
  const std::vector<int> targets{3, -1, 0, 10, 3};
  const Tensor<Cpu> h = random_tensor(cpu, 5, 7, 1), head = random_tensor(cpu, 11, 7, 2);
  const Gradients got = gradients_of(cpu, h, head, targets, 0.5f);
  const Values hs = doubles(h), heads = doubles(head);
  const auto by_h = [&](const Values& v) { return 0.5 * twin(v, heads, 7, targets); };
  const auto by_head = [&](const Values& v) { return 0.5 * twin(hs, v, 7, targets); };
  expect_near(tensor_of(cpu, 5, 7, got.dh), numeric_gradient(hs, by_h), 11 * 60 * kUnit);
  expect_near(tensor_of(cpu, 11, 7, got.dhead), numeric_gradient(heads, by_head), 11 * 60 * kUnit);
  EXPECT_EQ(got.loss.negative_log_likelihood,
            lm_head_loss(cpu, h, bare(head), indices_of(cpu, targets)).negative_log_likelihood);
}

// Chunks of 256 rows must add up to the same gradients as the rows one by one.
TEST(LmHead, ManyChunksAddUp) {
  Cpu cpu(2);
  const std::vector<int> targets = mixed_targets(700, 13);
  const Tensor<Cpu> h = random_tensor(cpu, 700, 6, 1), head = random_tensor(cpu, 13, 6, 2);
  const Gradients all = gradients_of(cpu, h, head, targets, 1.0f);
  Values dh, dhead(13 * 6);
  for (int i = 0; i < 700; ++i) {
    const Tensor<Cpu> row = tensor_of(cpu, 1, 6, {h.data() + i * 6, h.data() + i * 6 + 6});
    const Gradients one = gradients_of(cpu, row, head, {targets[i]}, 1.0f);
    dh.insert(dh.end(), one.dh.begin(), one.dh.end());
    for (std::size_t k = 0; k < dhead.size(); ++k) dhead[k] += one.dhead[k];
  }
  expect_near(tensor_of(cpu, 700, 6, all.dh), dh, 13 * 60 * kUnit);
  expect_near(tensor_of(cpu, 13, 6, all.dhead), dhead, 467 * 60 * kUnit);
}

TEST(LmHead, RowsWithoutTargetHaveNoInfluence) {
  Cpu cpu(1);
  Tensor<Cpu> h = random_tensor(cpu, 3, 4, 1);
  const Tensor<Cpu> head = random_tensor(cpu, 6, 4, 2);
  const Gradients before = gradients_of(cpu, h, head, {2, -1, 5}, 1.0f);
  std::fill_n(h.data() + 4, 4, std::nanf(""));
  const Gradients after = gradients_of(cpu, h, head, {2, -100, 5}, 1.0f);
  expect_same_bits(after.dh, before.dh);
  expect_same_bits(after.dhead, before.dhead);
  for (int c = 4; c < 8; ++c) EXPECT_EQ(after.dh[c], 0.0f);
}

TEST(LmHead, ForwardAddsTheBias) {
  Cpu cpu(1);
  Tensor<Cpu> logits;
  const Tensor<Cpu> head = tensor_of(cpu, 3, 2, {1, 0, 0, 1, 1, 1}),
                    bias = tensor_of(cpu, 1, 3, {10, 20, 30});
  lm_head_forward(cpu, tensor_of(cpu, 1, 2, {2, 3}), {head, bias}, logits);
  EXPECT_EQ(floats(logits), (std::vector<float>{12, 23, 35}));
}

// The bias is one more column of the head, read by one more channel of h that is always 1: the same
// loss and gradients. Probabilities are off by 60 u relative, sums of at most 5 terms of them.
TEST(LmHead, ABiasIsAColumnReadByOnes) {
  Cpu cpu(2);
  const std::vector<int> targets{3, -1, 0, 10, 3};
  const Tensor<Cpu> wide_h = random_tensor(cpu, 5, 7, 1), wide_head = random_tensor(cpu, 11, 7, 2);
  Tensor<Cpu> h(cpu, 5, 6), head(cpu, 11, 6), bias(cpu, 1, 11),
      ones = tensor_of(cpu, 5, 7, floats(wide_h));
  for (int r = 0; r < 5; ++r) {
    std::copy_n(wide_h.data() + r * 7, 6, h.data() + r * 6);
    ones.data()[r * 7 + 6] = 1;
  }
  for (int r = 0; r < 11; ++r) {
    std::copy_n(wide_head.data() + r * 7, 6, head.data() + r * 6);
    bias.data()[r] = wide_head.data()[r * 7 + 6];
  }
  const Gradients expected = gradients_of(cpu, ones, wide_head, targets, 0.5f);
  Tensor<Cpu> dh, dhead = constant_tensor(cpu, 11, 6, 0), dbias = constant_tensor(cpu, 1, 11, 7);
  const LossSum loss = lm_head_loss_backward(cpu, h, {head, bias}, indices_of(cpu, targets), 0.5f,
                                             {dh, dhead, dbias});
  EXPECT_NEAR(loss.negative_log_likelihood, expected.loss.negative_log_likelihood, 4 * 50 * kUnit);
  EXPECT_EQ(lm_head_loss(cpu, h, {head, bias}, indices_of(cpu, targets)).negative_log_likelihood,
            loss.negative_log_likelihood);
  for (int r = 0; r < 11; ++r) {
    EXPECT_NEAR(dbias.data()[r] - 7, expected.dhead[r * 7 + 6], 5 * 60 * kUnit + 8 * kUnit);
    EXPECT_NEAR(dhead.data()[r * 6], expected.dhead[r * 7], 5 * 60 * kUnit);
  }
  for (int r = 0; r < 5; ++r) EXPECT_NEAR(dh.data()[r * 6], expected.dh[r * 7], 11 * 60 * kUnit);
}

TEST(LmHead, NoTargetsAtAll) {
  Cpu cpu(2);
  const Tensor<Cpu> h = random_tensor(cpu, 2, 3, 1), head = random_tensor(cpu, 4, 3, 2);
  const Gradients got = gradients_of(cpu, h, head, {-1, -1}, 1.0f);
  EXPECT_EQ(got.loss.targets, 0);
  EXPECT_EQ(got.loss.negative_log_likelihood, 0.0);
  EXPECT_EQ(got.dh, std::vector<float>(6, 0.0f));
  EXPECT_EQ(got.dhead, std::vector<float>(12, 0.0f));
}

TEST(LmHead, LargeLogitsDoNotOverflow) {
  Cpu cpu(1);
  const Tensor<Cpu> h = constant_tensor(cpu, 1, 1, 1), head = tensor_of(cpu, 2, 1, {1000, 990});
  // log(1 + exp(-10)) + 10
  EXPECT_NEAR(lm_head_loss(cpu, h, bare(head), indices_of(cpu, {1})).negative_log_likelihood,
              10.000045398899218, 1e-6);
}

TEST(LmHead, DheadIsAddedTo) {
  Cpu cpu(1);
  const Tensor<Cpu> h = constant_tensor(cpu, 1, 2, 0), head = constant_tensor(cpu, 3, 2, 0);
  Tensor<Cpu> dh, none, dhead = constant_tensor(cpu, 3, 2, 7);
  lm_head_loss_backward(cpu, h, bare(head), indices_of(cpu, {1}), 1.0f, {dh, dhead, none});
  EXPECT_EQ(floats(dhead), std::vector<float>(6, 7.0f));
}

TEST(LmHead, SameBitsForAnyThreads) {
  const std::vector<int> targets = mixed_targets(600, 401);
  expect_same_bits_for_any_threads([&](Cpu& cpu) {
    const Tensor<Cpu> h = random_tensor(cpu, 600, 65, 1), head = random_tensor(cpu, 401, 65, 2);
    Gradients got = gradients_of(cpu, h, head, targets, 0.125f);
    got.dh.insert(got.dh.end(), got.dhead.begin(), got.dhead.end());
    got.dh.push_back(static_cast<float>(got.loss.negative_log_likelihood));
    return got.dh;
  });
}

TEST(LmHead, WrongTargetsAndShapesAreRefused) {
  Cpu cpu(1);
  const Tensor<Cpu> h = constant_tensor(cpu, 2, 3, 0), head = constant_tensor(cpu, 4, 3, 0);
  const Tensor<Cpu> narrow = constant_tensor(cpu, 4, 2, 0);
  EXPECT_THROW(lm_head_loss(cpu, h, bare(head), indices_of(cpu, {0, 4})), std::out_of_range);
  EXPECT_THROW(lm_head_loss(cpu, h, bare(head), indices_of(cpu, {0})), std::invalid_argument);
  EXPECT_THROW(lm_head_loss(cpu, h, bare(narrow), indices_of(cpu, {0, 1})), std::invalid_argument);
}

}  // namespace
}  // namespace trainer::test
