#include "reference_trainer/ops/low_rank.h"

#include <stdexcept>

#include "tests/ops/gradcheck.h"

namespace trainer::test {
namespace {

constexpr std::int64_t kN = 7, kIn = 9, kOut = 6, kR = 3;
constexpr float kScale = 0.75f;

// y0 + scale x a^T b^T in double.
Values twin(const Values& x, const Values& a, const Values& b, Values y) {
  for (std::int64_t n = 0; n < kN; ++n) {
    for (std::int64_t r = 0; r < kR; ++r) {
      double h = 0;
      for (std::int64_t i = 0; i < kIn; ++i) h += x[n * kIn + i] * a[r * kIn + i];
      for (std::int64_t o = 0; o < kOut; ++o)
        y[n * kOut + o] += static_cast<double>(kScale) * h * b[o * kR + r];
    }
  }
  return y;
}

struct Case {
  Tensor<Cpu> x, a, b, y;
  explicit Case(Cpu& cpu)
      : x(random_tensor(cpu, kN, kIn, 1)),
        a(random_tensor(cpu, kR, kIn, 2)),
        b(random_tensor(cpu, kOut, kR, 3)),
        y(random_tensor(cpu, kN, kOut, 4)) {}
  LowRank<Cpu> weight() const { return {a, b, kScale}; }
};

// h is off by (9 + 2) u 9, and each of y's three terms by that and 5 u of at most 9: 200 u.
TEST(LowRank, ForwardAddsTheTermOfRankThree) {
  Cpu cpu(2);
  Case c(cpu);
  const Values expected = twin(doubles(c.x), doubles(c.a), doubles(c.b), doubles(c.y));
  low_rank_forward(cpu, c.weight(), c.x, c.y);
  expect_near(c.y, expected, 3 * 200 * kUnit);
}

// The loss is <dy, y>, linear in each operand: differences have no truncation error. Each gradient
// is a sum of at most 9 products of two sums as above.
TEST(LowRank, BackwardAgainstCentralDifferences) {
  Cpu cpu(2);
  Case c(cpu);
  const Tensor<Cpu> dy = random_tensor(cpu, kN, kOut, 5);
  Tensor<Cpu> da = random_tensor(cpu, kR, kIn, 6), db = random_tensor(cpu, kOut, kR, 7),
              dx = random_tensor(cpu, kN, kIn, 8);
  const Values x = doubles(c.x), a = doubles(c.a), b = doubles(c.b), y = doubles(c.y);
  const auto expected = [](const Tensor<Cpu>& before, const Values& gradient) {
    Values sum = doubles(before);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += gradient[i];
    return sum;
  };
  const Values d = doubles(dy);
  const Values by_a =
      expected(da, numeric_gradient(
                       a, [&](const Values& v) { return dot(d, twin(x, v, b, y)); }, 0.25));
  const Values by_b =
      expected(db, numeric_gradient(
                       b, [&](const Values& v) { return dot(d, twin(x, a, v, y)); }, 0.25));
  const Values by_x =
      expected(dx, numeric_gradient(
                       x, [&](const Values& v) { return dot(d, twin(v, a, b, y)); }, 0.25));
  low_rank_backward(cpu, c.weight(), c.x, dy, {da, db, dx});
  expect_near(da, by_a, 9 * 200 * kUnit);
  expect_near(db, by_b, 9 * 200 * kUnit);
  expect_near(dx, by_x, 9 * 200 * kUnit);
}

TEST(LowRank, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([](Cpu& cpu) {
    const Tensor<Cpu> x = random_tensor(cpu, 300, 270, 1), a = random_tensor(cpu, 8, 270, 2),
                      b = random_tensor(cpu, 290, 8, 3);
    Tensor<Cpu> y = random_tensor(cpu, 300, 290, 4), da = random_tensor(cpu, 8, 270, 5),
                db = random_tensor(cpu, 290, 8, 6), dx = random_tensor(cpu, 300, 270, 7);
    const LowRank<Cpu> weight{a, b, 0.5f};
    low_rank_forward(cpu, weight, x, y);
    low_rank_backward(cpu, weight, x, y, {da, db, dx});
    std::vector<float> all = floats(y);
    for (const Tensor<Cpu>* t : {&da, &db, &dx})
      all.insert(all.end(), t->data(), t->data() + t->size());
    return all;
  });
}

TEST(LowRank, UnequalShapesAreRefused) {
  Cpu cpu(1);
  Case c(cpu);
  EXPECT_THROW(low_rank_forward(cpu, {c.b, c.a, 1}, c.x, c.y), std::invalid_argument);
  Tensor<Cpu> narrow = constant_tensor(cpu, kN, kOut - 1, 0);
  EXPECT_THROW(low_rank_forward(cpu, c.weight(), c.x, narrow), std::invalid_argument);
}

}  // namespace
}  // namespace trainer::test
