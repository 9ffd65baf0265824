#include "reference_trainer/ops/distillation.h"

#include <stdexcept>

#include "tests/ops/gradcheck.h"

namespace trainer::test {
namespace {

Values softmax_of_row(const Values& h, const Values& head, std::int64_t d, std::size_t row) {
  Values p(head.size() / static_cast<std::size_t>(d));
  double sum = 0;
  for (std::size_t v = 0; v < p.size(); ++v) {
    double logit = 0;
    for (std::int64_t c = 0; c < d; ++c)
      logit += h[row * static_cast<std::size_t>(d) + static_cast<std::size_t>(c)] *
               head[v * static_cast<std::size_t>(d) + static_cast<std::size_t>(c)];
    sum += p[v] = std::exp(logit);
  }
  for (double& x : p) x /= sum;
  return p;
}

struct Side {
  Values hidden, head;
  std::int64_t d;
};

// Sum of KL(teacher || student) in double, from the probabilities themselves.
double twin(const Side& teacher, const Side& student, const std::vector<int>& targets) {
  double loss = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (targets[i] < 0) continue;
    const Values p = softmax_of_row(teacher.hidden, teacher.head, teacher.d, i);
    const Values q = softmax_of_row(student.hidden, student.head, student.d, i);
    for (std::size_t v = 0; v < p.size(); ++v) loss += p[v] * std::log(p[v] / q[v]);
  }
  return loss;
}

const Tensor<Cpu> kNoBias;

// A head and what it reads.
struct Input {
  const Tensor<Cpu>& hidden;
  const Tensor<Cpu>& head;
  const Tensor<Cpu>& bias = kNoBias;
  HeadInput<Cpu> view() const { return {hidden, {head, bias}}; }
};

struct Gradients {
  LossSum loss;
  std::vector<float> dh, dhead, dbias;
};

Gradients gradients_of(Cpu& cpu, const Input& teacher, const Input& student,
                       const std::vector<int>& targets, float scale) {
  Tensor<Cpu> dh, dhead = constant_tensor(cpu, student.head.rows(), student.head.cols(), 0);
  Tensor<Cpu> dbias = constant_tensor(cpu, student.bias.rows(), student.bias.cols(), 0);
  const LossSum loss = distillation_loss_backward(
      cpu, teacher.view(), student.view(), indices_of(cpu, targets), scale, {dh, dhead, dbias});
  return {loss, floats(dh), floats(dhead), floats(dbias)};
}

std::vector<int> mixed_targets(int rows) {
  std::vector<int> targets(static_cast<std::size_t>(rows));
  for (int i = 0; i < rows; ++i) targets[static_cast<std::size_t>(i)] = i % 3 == 1 ? -1 : 0;
  return targets;
}

// Teacher (1/4, 3/4), student (1/2, 1/2): 1/4 ln 1/2 + 3/4 ln 3/2; dlogits = (1/4, -1/4).
TEST(Distillation, GoldenDivergenceOfTwoTokens) {
  Cpu cpu(1);
  const Tensor<Cpu> one = constant_tensor(cpu, 1, 1, 1);
  const Tensor<Cpu> teacher = tensor_of(cpu, 2, 1, {0, 1.0986122886681098f});  // ln 3
  const Tensor<Cpu> student = constant_tensor(cpu, 2, 1, 7);
  const Gradients got = gradients_of(cpu, {one, teacher}, {one, student}, {1}, 1);
  EXPECT_EQ(got.loss.targets, 1);
  EXPECT_NEAR(got.loss.negative_log_likelihood, 0.13081203594113694, 1e-7);
  EXPECT_NEAR(got.dhead[0], 0.25, 1e-7);
  EXPECT_NEAR(got.dhead[1], -0.25, 1e-7);
}

// Logits of d = 5 terms below 1 are off by 7 u 5, each of the two logarithms of sums by 10 u more,
// and so is their weighted difference: 150 u a row.
TEST(Distillation, LossAgainstTheDoubleTwinOverChunks) {
  Cpu cpu(2);
  const std::vector<int> targets = mixed_targets(700);  // two chunks of rows
  const Tensor<Cpu> th = random_tensor(cpu, 700, 5, 1), thead = random_tensor(cpu, 331, 5, 2);
  const Tensor<Cpu> sh = random_tensor(cpu, 700, 4, 3), shead = random_tensor(cpu, 331, 4, 4);
  const LossSum loss = gradients_of(cpu, {th, thead}, {sh, shead}, targets, 1).loss;
  EXPECT_EQ(loss.targets, 467);
  EXPECT_NEAR(loss.negative_log_likelihood,
              twin({doubles(th), doubles(thead), 5}, {doubles(sh), doubles(shead), 4}, targets),
              467 * 150 * kUnit);
}

// Probabilities are off by 50 u relative; sums of at most 11 differences of two of them.
TEST(Distillation, BackwardAgainstCentralDifferences) {
  Cpu cpu(2);
  const std::vector<int> targets{3, -1, 0, 10, 3};
  const Tensor<Cpu> th = random_tensor(cpu, 5, 6, 1), thead = random_tensor(cpu, 11, 6, 2);
  const Tensor<Cpu> sh = random_tensor(cpu, 5, 7, 3), shead = random_tensor(cpu, 11, 7, 4);
  const Gradients got = gradients_of(cpu, {th, thead}, {sh, shead}, targets, 0.5f);
  const Side teacher{doubles(th), doubles(thead), 6};
  const Values h = doubles(sh), head = doubles(shead);
  const auto by_h = [&](const Values& v) { return 0.5 * twin(teacher, {v, head, 7}, targets); };
  const auto by_head = [&](const Values& v) { return 0.5 * twin(teacher, {h, v, 7}, targets); };
  expect_near(tensor_of(cpu, 5, 7, got.dh), numeric_gradient(h, by_h), 11 * 120 * kUnit);
  expect_near(tensor_of(cpu, 11, 7, got.dhead), numeric_gradient(head, by_head), 11 * 120 * kUnit);
}

// Rows of 331 values begin at every alignment.
TEST(Distillation, EqualLogitsGiveExactlyZero) {
  Cpu cpu(2);
  const Tensor<Cpu> h = random_tensor(cpu, 40, 5, 1), head = random_tensor(cpu, 331, 5, 2);
  const Gradients got = gradients_of(cpu, {h, head}, {h, head}, std::vector<int>(40, 0), 3);
  EXPECT_EQ(got.loss.negative_log_likelihood, 0.0);
  EXPECT_EQ(got.dh, std::vector<float>(40 * 5, 0.0f));
  EXPECT_EQ(got.dhead, std::vector<float>(331 * 5, 0.0f));
}

TEST(Distillation, RowsWithoutTargetHaveNoInfluenceAndTargetsOnlyTheirSign) {
  Cpu cpu(1);
  Tensor<Cpu> th = random_tensor(cpu, 3, 4, 1), sh = random_tensor(cpu, 3, 4, 2);
  const Tensor<Cpu> thead = random_tensor(cpu, 6, 4, 3), shead = random_tensor(cpu, 6, 4, 4);
  const Gradients before = gradients_of(cpu, {th, thead}, {sh, shead}, {2, -1, 5}, 1);
  std::fill_n(th.data() + 4, 4, std::nanf(""));
  std::fill_n(sh.data() + 4, 4, std::nanf(""));
  const Gradients after = gradients_of(cpu, {th, thead}, {sh, shead}, {0, -1, 3}, 1);
  expect_same_bits(after.dh, before.dh);
  expect_same_bits(after.dhead, before.dhead);
  EXPECT_EQ(after.loss.targets, 2);
  for (std::size_t c = 4; c < 8; ++c) EXPECT_EQ(after.dh[c], 0.0f);
}

TEST(Distillation, LargeLogitsDoNotOverflow) {
  Cpu cpu(1);
  const Tensor<Cpu> one = constant_tensor(cpu, 1, 1, 1);
  const Tensor<Cpu> up = tensor_of(cpu, 2, 1, {1000, 990}),
                    down = tensor_of(cpu, 2, 1, {990, 1000});
  // tanh(5) * 10: both differ by 10 in the logarithm of every probability.
  EXPECT_NEAR(gradients_of(cpu, {one, up}, {one, down}, {0}, 1).loss.negative_log_likelihood,
              9.999092042625951, 1e-5);
}

TEST(Distillation, DheadIsAddedTo) {
  Cpu cpu(1);
  const Tensor<Cpu> h = constant_tensor(cpu, 1, 2, 0), head = constant_tensor(cpu, 3, 2, 0);
  Tensor<Cpu> dh, dhead = constant_tensor(cpu, 3, 2, 7), dbias;
  const Input same{h, head};
  distillation_loss_backward(cpu, same.view(), same.view(), indices_of(cpu, {1}), 1.0f,
                             {dh, dhead, dbias});
  EXPECT_EQ(floats(dhead), std::vector<float>(6, 7.0f));
}

// A bias is one more column of the head, beside a hidden value of 1: its gradient is that column's.
TEST(Distillation, ABiasIsAColumnOfTheHead) {
  Cpu cpu(1);
  const std::vector<float> bias{0.5f, -1, 2};
  const Tensor<Cpu> h = tensor_of(cpu, 2, 1, {1, 2}), head = tensor_of(cpu, 3, 1, {1, -1, 0.5f});
  const Tensor<Cpu> h1 = tensor_of(cpu, 2, 2, {1, 1, 2, 1});
  const Tensor<Cpu> head1 = tensor_of(cpu, 3, 2, {1, bias[0], -1, bias[1], 0.5f, bias[2]});
  const Tensor<Cpu> other = constant_tensor(cpu, 3, 1, 0), b = tensor_of(cpu, 1, 3, bias);
  const Gradients got = gradients_of(cpu, {h, other, b}, {h, head, b}, {0, 1}, 1);
  const Tensor<Cpu> other1 = tensor_of(cpu, 3, 2, {0, bias[0], 0, bias[1], 0, bias[2]});
  const Gradients expected = gradients_of(cpu, {h1, other1}, {h1, head1}, {0, 1}, 1);
  EXPECT_GT(expected.loss.negative_log_likelihood, 0.1);
  EXPECT_NEAR(got.loss.negative_log_likelihood, expected.loss.negative_log_likelihood,
              2 * 150 * kUnit);
  for (std::size_t v = 0; v < 3; ++v)
    EXPECT_NEAR(got.dbias[v], expected.dhead[2 * v + 1], 2 * 120 * kUnit) << v;
}

TEST(Distillation, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([&](Cpu& cpu) {
    const Tensor<Cpu> th = random_tensor(cpu, 600, 65, 1), thead = random_tensor(cpu, 401, 65, 2);
    const Tensor<Cpu> sh = random_tensor(cpu, 600, 65, 3), shead = random_tensor(cpu, 401, 65, 4);
    Gradients got = gradients_of(cpu, {th, thead}, {sh, shead}, mixed_targets(600), 0.125f);
    got.dh.insert(got.dh.end(), got.dhead.begin(), got.dhead.end());
    got.dh.push_back(static_cast<float>(got.loss.negative_log_likelihood));
    return got.dh;
  });
}

TEST(Distillation, WrongShapesAndTargetsAreRefused) {
  Cpu cpu(1);
  const Tensor<Cpu> h = constant_tensor(cpu, 2, 3, 0), head = constant_tensor(cpu, 4, 3, 0);
  const Tensor<Cpu> narrow = constant_tensor(cpu, 4, 2, 0), longer = constant_tensor(cpu, 5, 3, 0);
  EXPECT_THROW(gradients_of(cpu, {h, head}, {h, head}, {0, 4}, 1), std::out_of_range);
  EXPECT_THROW(gradients_of(cpu, {h, head}, {h, head}, {0}, 1), std::invalid_argument);
  EXPECT_THROW(gradients_of(cpu, {h, narrow}, {h, head}, {0, 0}, 1), std::invalid_argument);
  EXPECT_THROW(gradients_of(cpu, {h, longer}, {h, head}, {0, 0}, 1), std::invalid_argument);
}

}  // namespace
}  // namespace trainer::test
