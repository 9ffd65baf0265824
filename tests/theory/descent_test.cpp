// Constants and expectations against problems small enough to work out in another way.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "examples/least_squares/gradient_descent.h"
#include "tests/theory/problems.h"

namespace least_squares {
namespace {

LeastSquares by_hand(const Matrix& features, const Vector& labels) {
  return {features, labels, Turn::identity(), [](std::span<double>) {}};
}

TEST(Constants, OfOrthogonalFeatures) {
  const Constants c = constants_of(by_hand(Matrix{{3, 0, 0}, {0, 4, 0}}, Vector{{3, 8}}));
  EXPECT_EQ(c.rank, 2);
  EXPECT_NEAR(c.lambda_min, 4.5, 1e-12);  // G = diag(9, 16, 0) / 2
  EXPECT_NEAR(c.rho, 128, 1e-12);         // 4 (16 / 2) 4
  EXPECT_TRUE(c.interpolator.isApprox(Vector{{1, 2, 0}}, 1e-12));
  EXPECT_NEAR(c.mean_squared_label, 36.5, 1e-12);
  EXPECT_TRUE(c.interpolates());
}

TEST(Constants, OfLabelsOutOfReach) {
  const Constants c = constants_of(by_hand(Matrix{{1, 0}, {2, 0}}, Vector{{1, 1}}));
  EXPECT_EQ(c.rank, 1);
  EXPECT_NEAR(c.lambda_min, 2.5, 1e-12);  // the smallest eigenvalue that is not zero
  EXPECT_NEAR(c.relative_residual, std::sqrt(0.1), 1e-12);
  EXPECT_FALSE(c.interpolates());
}

TEST(Constants, LossIsTheDistanceToTheInterpolator) {  // eq. (23)
  const DataSet data = test::small_data(16, 5, 2);
  const auto problem = test::small_problem(data, Turn::hadamard(16, 2), {.w = 4});
  const Constants c = constants_of(problem);
  const ForwardPass pass = forward(problem, data.pretrained.transpose());
  const Vector gap = pass.quantized.row(0).transpose() - c.interpolator;
  EXPECT_NEAR(losses(problem, pass)(0), (problem.features * gap).squaredNorm() / 5, 1e-12);
}

// Sums of the loss and of ||e||_G^2 over all sequences of samples, one weight vector at a time.
struct Sums {
  double loss = 0, error = 0;
};

void follow(const LeastSquares& problem, const Eigen::MatrixXd& r, double eta, int steps,
            const Vector& w, Sums& sums) {
  Matrix q = (r * w).transpose();
  quantize_rows(problem.weight_quantizer, q);
  const Vector residual = problem.features * q.row(0).transpose() - problem.labels;
  const double n = static_cast<double>(residual.size());
  if (steps == 0) {
    sums.loss += residual.squaredNorm() / n;
    sums.error += (problem.features * (q.row(0).transpose() - r * w)).squaredNorm() / n;
    return;
  }
  for (Eigen::Index i = 0; i < residual.size(); ++i) {
    const Vector next =
        w - eta * residual(i) * (r.transpose() * problem.features.row(i).transpose());
    follow(problem, r, eta, steps - 1, next, sums);
  }
}

TEST(Descent, EnumeratesEverySequenceOfSamples) {
  constexpr int kSteps = 4, kSamples = 3;
  const DataSet data = test::small_data(12, kSamples, 6);
  const Turn turn = Turn::hadamard(12, 6);
  // Quantized so finely that rounding cannot change a code's error by more than the tolerance.
  const auto problem = test::small_problem(data, turn, {.w = kFullPrecision});
  const double eta = 0.02;
  const Trajectory all = descend(problem, data.pretrained, {eta, kSteps, 81, 1});
  EXPECT_EQ(all.exact_steps, kSteps);
  EXPECT_EQ(all.weights.rows(), 81);
  for (int t = 0; t <= kSteps; ++t) {
    Sums sums;
    follow(problem, test::dense(turn, 12), eta, t, data.pretrained, sums);
    EXPECT_NEAR(all.loss[std::size_t(t)].mean, sums.loss / std::pow(kSamples, t), 1e-12) << t;
    EXPECT_EQ(all.loss[std::size_t(t)].standard_error, 0) << t;
  }
}

TEST(Descent, QuantizedSequencesToo) {
  const DataSet data = test::small_data(12, 2, 7);
  const Turn turn = Turn::hadamard(12, 7);
  const auto problem = test::small_problem(data, turn, {.w = 3});
  const Trajectory all = descend(problem, data.pretrained, {0.02, 3, 8, 1});
  Sums sums;
  follow(problem, test::dense(turn, 12), 0.02, 3, data.pretrained, sums);
  EXPECT_NEAR(all.loss[3].mean, sums.loss / 8, 1e-12);
  EXPECT_NEAR(all.weight_error[3].mean, sums.error / 8, 1e-12);
  EXPECT_GT(all.weight_error[3].mean, 0);
}

// A mean over random paths lies within its standard errors of the enumerated one: five of them are
// left once in 1.7 million times by chance, and the seed is fixed.
TEST(Descent, RandomPathsAgreeWithEnumeratedOnes) {
  constexpr int kSteps = 6;
  const DataSet data = test::small_data(8, 3, 8);
  const auto problem = test::small_problem(data, Turn::hadamard(8, 8), {.w = 6});
  const Trajectory all = descend(problem, data.pretrained, {0.05, kSteps, 729, 1});
  const Trajectory some = descend(problem, data.pretrained, {0.05, kSteps, 200, 1});
  EXPECT_EQ(all.exact_steps, 6);
  EXPECT_EQ(some.exact_steps, 4);
  EXPECT_EQ(some.weights.rows(), 162);  // 81 enumerated ones twice
  for (const std::size_t t : {std::size_t{5}, std::size_t{6}}) {
    const double error = some.loss[t].standard_error;
    EXPECT_GT(error, 0);
    EXPECT_NEAR(some.loss[t].mean, all.loss[t].mean, 5 * error);
    EXPECT_NE(some.loss[t].mean, all.loss[t].mean);
  }
}

TEST(Descent, DivergenceIsAnError) {
  const DataSet data = test::small_data(8, 3, 8);
  const auto plain = test::small_problem(data, Turn::identity(), {.w = kFullPrecision});
  EXPECT_THROW(descend(plain, data.pretrained, {1e3, 500, 1, 1}), std::overflow_error);
  const auto grid = test::small_problem(data, Turn::identity(), {.w = 4});
  EXPECT_THROW(descend(grid, data.pretrained, {1e3, 500, 1, 1}), roste::NonFiniteError);
}

TEST(Data, IsAFunctionOfItsSeed) {
  const DataSet a = test::small_data(8, 3, 1), b = test::small_data(8, 3, 1);
  EXPECT_EQ(a.x, b.x);
  EXPECT_EQ(a.y, b.y);
  EXPECT_NE(a.x, test::small_data(8, 3, 2).x);
  // Mean 0 and variance 1 up to 5 standard errors of 10000 numbers: 5 / 100 and 5 sqrt(2) / 100.
  const Vector many = normal_vector(3, 10000);
  EXPECT_NEAR(many.mean(), 0, 0.05);
  EXPECT_NEAR(many.squaredNorm() / 10000, 1, 0.0707);
}

}  // namespace
}  // namespace least_squares
