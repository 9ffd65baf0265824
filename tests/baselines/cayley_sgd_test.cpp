// Cayley SGD: steps whose result is known in closed form, and problems whose optimum is known.
#include "reference_trainer/baselines/cayley_sgd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

using Values = std::vector<double>;

Values random_values(std::size_t count, std::uint64_t seed) {
  Values values;
  for (std::size_t i = 0; i < count; ++i)
    values.push_back(static_cast<double>(test::uniform(seed, i)));
  return values;
}

// a [n, d] times b [d, d], or a^T times b for a [n, d], b [n, d].
Values product(const Values& a, std::span<const double> b, std::size_t d) {
  Values c(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t k = 0; k < d; ++k) c[i] += a[i - i % d + k] * b[k * d + i % d];
  }
  return c;
}
Values transposed_product(const Values& a, const Values& b, std::size_t d) {
  Values c(d * d);
  for (std::size_t row = 0; row < a.size(); row += d) {
    for (std::size_t i = 0; i < d * d; ++i) c[i] += a[row + i / d] * b[row + i % d];
  }
  return c;
}

double largest_difference(std::span<const double> a, std::span<const double> b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

// Procrustes: 1/2 ||A X - B||^2 with B = A X*, a known optimum.
struct Procrustes {
  std::size_t d;
  DenseRotation optimum;
  Values a, b;
  Procrustes(std::size_t size, const DenseRotation& x)
      : d(size), optimum(x), a(random_values(4 * size * size, 3)), b(product(a, x.values(), d)) {}

  Values residual(const DenseRotation& x) const {
    Values r = product(a, x.values(), d);
    for (std::size_t i = 0; i < r.size(); ++i) r[i] -= b[i];
    return r;
  }
  double value(const DenseRotation& x) const {
    double sum = 0;
    for (const double r : residual(x)) sum += r * r / 2;
    return sum;
  }
  Values gradient(const DenseRotation& x) const { return transposed_product(a, residual(x), d); }
};

// An optimum that can be reached: of the same determinant as the start, a few steps away.
DenseRotation near(const DenseRotation& start) {
  CayleySgd walk({}, start);
  for (std::uint64_t k = 0; k < 4; ++k)
    walk.step(0.3, random_values(start.values().size(), 20 + k));
  return walk.point();
}

DenseRotation rotated_by(double angle) {
  return {2, {std::cos(angle), -std::sin(angle), std::sin(angle), std::cos(angle)}};
}

// At X = I with G = g J^T, J = (0 -1; 1 0): W = g J, and the Cayley map turns by 2 atan(a g / 2).
const DenseRotation kIdentity(2, {1, 0, 0, 1});
Values turning_gradient(double g) { return {0, g, -g, 0}; }

TEST(CayleySgd, APlaneTurnsByTwiceTheArcTangentOfHalfTheStep) {
  CayleySgd sgd({}, kIdentity);
  const CayleyStep step = sgd.step(0.1, turning_gradient(2));
  EXPECT_DOUBLE_EQ(step.step_size, 0.1);
  EXPECT_DOUBLE_EQ(step.directional_change, -8);  // <G, W X> = -2 g^2
  EXPECT_LT(largest_difference(sgd.point().values(), rotated_by(2 * std::atan(0.1)).values()),
            1e-15);
}

// |W|_1 = g, so the step is at most 1 / (g + 1e-8).
TEST(CayleySgd, StepsAreAtMostOneOverTheNorm) {
  CayleySgd sgd({}, kIdentity);
  EXPECT_DOUBLE_EQ(sgd.step(1.5, turning_gradient(4)).step_size, 1 / (4 + 1e-8));
  EXPECT_LT(largest_difference(sgd.point().values(), rotated_by(2 * std::atan(0.5)).values()),
            1e-8);
  EXPECT_DOUBLE_EQ(sgd.step(1.5, Values(4)).step_size, 1.5);  // W = 0: nowhere to go
}

// One iteration gives I + a W + (a W)^2 / 2, which QR turns into a rotation by atan2(ag,
// 1-(ag)^2/2).
TEST(CayleySgd, FixedPointIterationsStartFromTheTangent) {
  CayleySgd sgd({CayleyMap::kFixedPoint, 1, 0}, kIdentity);
  const CayleyStep step = sgd.step(0.1, turning_gradient(2));
  const double ag = 0.2;
  EXPECT_NEAR(step.defect, ag * ag * ag * ag / 4, 1e-15);  // (1 - ag^2 / 2)^2 + ag^2 - 1
  EXPECT_LT(largest_difference(sgd.point().values(),
                               rotated_by(std::atan2(ag, 1 - ag * ag / 2)).values()),
            1e-15);
}

// With a zero gradient the tangent of the step before goes on, times the momentum; at the new
// point, an angle t further, cos t of it is tangent. What was not tangent (5 I) is forgotten.
TEST(CayleySgd, MomentumCarriesTheTangentOn) {
  CayleySgd sgd({CayleyMap::kSolve, 5, 0.5}, kIdentity);
  sgd.step(0.1, Values{5, 2, -2, 5});
  sgd.step(0.1, Values(4));
  const double first = 2 * std::atan(0.1), second = 2 * std::atan(0.05 * std::cos(first));
  EXPECT_LT(largest_difference(sgd.point().values(), rotated_by(first + second).values()), 1e-15);
}

// The iteration's error shrinks by |a/2 W| <= 1/2 a time.
TEST(CayleySgd, IterationsApproachTheSolution) {
  const DenseRotation start = DenseRotation::random(12, 1);
  const Values gradient = random_values(144, 2);
  CayleySgd solved({}, start);
  solved.step(1, gradient);
  double before = 1;
  for (const int iterations : {1, 4, 16, 40}) {
    CayleySgd iterated({CayleyMap::kFixedPoint, iterations, 0}, start);
    iterated.step(1, gradient);
    const double far = largest_difference(iterated.point().values(), solved.point().values());
    EXPECT_LT(far, before / 2) << iterations;
    before = far;
  }
  EXPECT_LT(before, 0x1p-40);
}

// f(X(a)) - f(X) = a <G, W X> + O(a^2).
TEST(CayleySgd, DirectionalChangeIsTheSlopeOfTheObjective) {
  const DenseRotation start = DenseRotation::random(10, 5);
  const Procrustes problem(10, near(start));
  CayleySgd sgd({}, start);
  const double a = 1e-6;
  const CayleyStep step = sgd.step(a, problem.gradient(start));
  EXPECT_LT(step.directional_change, -1);
  EXPECT_NEAR((problem.value(sgd.point()) - problem.value(start)) / a / step.directional_change, 1,
              1e-3);
}

class CayleyConvergence : public testing::TestWithParam<CayleySettings> {};

TEST_P(CayleyConvergence, FindsTheProcrustesOptimumOnTheManifold) {
  const DenseRotation start = DenseRotation::random(16, 7);
  const Procrustes problem(16, near(start));
  ASSERT_GT(largest_difference(start.values(), problem.optimum.values()), 0.1);
  CayleySgd sgd(GetParam(), start);
  double worst = 0;
  for (int k = 0; k < 400; ++k) {
    sgd.step(0.02, problem.gradient(sgd.point()));
    worst = std::max(worst, orthogonality_defect(sgd.point()));
  }
  EXPECT_LT(worst, 1e-10);
  EXPECT_LT(largest_difference(sgd.point().values(), problem.optimum.values()), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Maps, CayleyConvergence,
                         testing::Values(CayleySettings{CayleyMap::kSolve, 5, 0},
                                         CayleySettings{CayleyMap::kFixedPoint, 5, 0},
                                         CayleySettings{CayleyMap::kSolve, 5, 0.5}),
                         [](const auto& settings) {
                           return std::string(settings.param.map == CayleyMap::kSolve ? "Solve"
                                                                                      : "Iterate") +
                                  (settings.param.momentum > 0 ? "Momentum" : "Plain");
                         });

TEST(CayleySgd, RefusesAGradientOfAnotherSize) {
  CayleySgd sgd({}, kIdentity);
  EXPECT_THROW(sgd.step(1, Values(9)), std::invalid_argument);
}

}  // namespace
}  // namespace trainer
