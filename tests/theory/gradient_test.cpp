// The straight-through gradient of eq. (15) against its formula, and against finite differences of
// the surrogate that it is the true gradient of.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/theory/problems.h"

namespace least_squares {
namespace {

constexpr double kUnit = 0x1p-53;

struct Case {
  DataSet data;
  LeastSquares problem;
  Eigen::MatrixXd r;  // dense R
};

// d = 12 has a Hadamard matrix that is not symmetric, so R and its transpose differ.
Case case_of(int d, std::uint64_t seed) {
  const DataSet data = test::small_data(d, d / 2, seed);
  const Turn turn = Turn::hadamard(d, seed);
  return {data, test::small_problem(data, turn, {.w = 4, .a = 4}), test::dense(turn, d)};
}

Matrix gradient_at(const Case& one, const Vector& w, Eigen::Index sample) {
  const ForwardPass pass = forward(one.problem, w.transpose());
  return ste_gradient(one.problem, pass, std::vector<Eigen::Index>{sample});
}

// Q_w(R w), with the dense R.
Vector quantized_weights(const Case& one, const Vector& w) {
  Matrix row = (one.r * w).transpose();
  quantize_rows(one.problem.weight_quantizer, row);
  return row.row(0);
}

TEST(SteGradient, P25_IsItsFormula) {
  for (const int d : {12, 16, 64}) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const Case one = case_of(d, seed);
      const Vector w = one.data.pretrained, q = quantized_weights(one, w);
      for (Eigen::Index i = 0; i < one.data.y.size(); ++i) {
        const Vector a = one.problem.features.row(i);
        const Vector expected = (a.dot(q) - one.data.y(i)) * (one.r.transpose() * a);
        // Sums of d products on both sides: each is off by at most d u times the sum of magnitudes.
        const double residual = a.cwiseAbs().dot(q.cwiseAbs()) + std::fabs(one.data.y(i));
        const double bound = 4 * d * kUnit * residual * a.cwiseAbs().sum() / std::sqrt(d);
        const Vector actual = gradient_at(one, w, i).row(0);
        EXPECT_LE((actual - expected).cwiseAbs().maxCoeff(), bound) << d << " " << seed;
      }
    }
  }
}

// With the error e = Q_w(R w_0) - R w_0 held fixed, the squared error of one sample is a quadratic
// in w, whose central differences are exact up to rounding.
TEST(SteGradient, P25_IsTheDerivativeOfTheSurrogate) {
  for (const int d : {12, 32}) {
    const Case one = case_of(d, 3);
    const Vector w_0 = one.data.pretrained, e = quantized_weights(one, w_0) - one.r * w_0;
    const Vector a = one.problem.features.row(1);
    const double y = one.data.y(1), h = 0x1p-6;
    const auto surrogate = [&](const Vector& w) {
      const double residual = a.dot(one.r * w + e) - y;
      return residual * residual / 2;  // eq. (13)
    };
    const Vector gradient = gradient_at(one, w_0, 1).row(0);
    const double sum = a.cwiseAbs().dot((one.r * w_0 + e).cwiseAbs()) + std::fabs(y) + h * a.norm();
    const double bound = 4 * d * kUnit * sum * sum / h;
    for (int j = 0; j < d; ++j) {
      const Vector step = h * Vector::Unit(d, j);
      const double slope = (surrogate(w_0 + step) - surrogate(w_0 - step)) / (2 * h);
      EXPECT_NEAR(gradient(j), slope, bound) << d << " " << j;
    }
  }
}

// The library's backward verb, in float, is the same map: R^T of what arrives at the quantizer.
TEST(SteGradient, P25_TheLibrarysBackwardVerbAgrees) {
  constexpr int kDim = 12;
  const Case one = case_of(kDim, 4);
  const roste::Rotation rotation = roste::Rotation::hadamard(kDim, 4);
  const roste::Quantizer<roste::QuantSpec<4, roste::Symmetric, roste::PerRow>> w4;
  const Vector w = one.data.pretrained, q = quantized_weights(one, w);
  const Vector arriving = (one.problem.features.row(2).dot(q) - one.data.y(2)) *
                          one.problem.features.row(2).transpose();
  roste::cpu::RowMatrix<float> rotated = (one.r * w).transpose().cast<float>();
  roste::cpu::RowMatrix<float> dy = arriving.transpose().cast<float>(), dx(1, kDim);
  roste::cpu::rotated_fake_quantize_backward(rotation, w4, roste::cpu::view(rotated),
                                             roste::cpu::view(dy), roste::cpu::view(dx));
  const Matrix expected = gradient_at(one, w, 2);
  // A sum of 12 floats of magnitude |dy_i| / sqrt(d), rounded at most 14 times with u = 2^-24.
  const double bound = 14 * 0x1p-24 * arriving.cwiseAbs().sum() / std::sqrt(kDim);
  EXPECT_LE((dx.cast<double>() - expected).cwiseAbs().maxCoeff(), bound);
}

}  // namespace
}  // namespace least_squares
