// Proposition 4.4 over random rotations: eqs. (20), (21) and the lemma behind them. Complements
// tests/library/proposition_test.cpp, which knows the library alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "examples/least_squares/bounds.h"
#include "tests/theory/problems.h"

namespace least_squares {
namespace {

using test::binomial_quantile;

struct Shape {
  std::string name;
  Vector w;
};

std::vector<Shape> shapes(int d) {
  Vector outlier = normal_vector(1, d);
  outlier(d / 2) = 100;
  return {{"constant", Vector::Ones(d)}, {"gaussian", normal_vector(2, d)}, {"outlier", outlier}};
}

// ||Q_w(v) - v||^2 of one vector.
double error_of(const Matrix& v, int bits) {
  Matrix quantized = v;
  quantize_rows(uniform_quantizer(roste::RangeRule::kSymmetric, bits), quantized);
  return (quantized - v).squaredNorm();
}

Matrix turned(const Vector& w, std::uint64_t zeta) {
  Matrix row = w.transpose();
  Turn::hadamard(w.size(), zeta).apply(row);
  return row;
}

// One value at the end of the grid and all others `fill` steps from 0.
Vector filled(int bits, double fill) {
  Vector w = Vector::Constant(64, fill);
  w(0) = largest_code(bits);
  return w;
}

double ratio_to_equation_20(const Vector& w, int bits) {
  const double bound = unrotated_error_bound(bits, w.size(), w.cwiseAbs().maxCoeff());
  return error_of(w.transpose(), bits) / bound;
}

TEST(Proposition44, P4_Equation20AtEveryWidth) {
  for (int bits = 2; bits <= 16; ++bits) {
    for (const Shape& shape : shapes(64)) {
      EXPECT_LE(ratio_to_equation_20(shape.w, bits), float_slack(bits)) << shape.name << bits;
    }
    for (const double fill : {0.1, 0.5, 0.53, 0.6, 0.75, 0.9}) {
      EXPECT_LE(ratio_to_equation_20(filled(bits, fill), bits), float_slack(bits)) << fill;
    }
    EXPECT_NEAR(ratio_to_equation_20(filled(bits, 0.5), bits), 63.0 / 64, 1e-9) << "half-way";
  }
}

// Weak: the bound is several times the error. It is kept because it is what eq. (21) says.
TEST(Proposition44, P21_Equation21OverRotations) {
  constexpr int kTrials = 1000, kDim = 64;
  for (const int bits : {3, 4}) {
    for (const double delta : {0.05, 0.99}) {
      for (const Shape& shape : shapes(kDim)) {
        int violations = 0;
        for (int zeta = 0; zeta < kTrials; ++zeta) {
          const double bound = rotated_error_bound(bits, kDim, delta, shape.w.squaredNorm());
          violations += error_of(turned(shape.w, std::uint64_t(zeta)), bits) > bound ? 1 : 0;
        }
        EXPECT_LE(violations, binomial_quantile(kTrials, delta, 1e-6)) << shape.name << bits;
      }
    }
  }
}

// True where a coordinate of R w goes beyond the lemma's bound.
bool beyond(const Matrix& rotated, double delta) {
  const double bound = coordinate_bound(rotated.cols(), delta) * rotated.norm();
  return rotated.cwiseAbs().maxCoeff() > bound * (1 + 1e-12);
}

TEST(Proposition44, P22_CoordinatesExceedTheirBoundRarely) {
  constexpr int kTrials = 4000;
  for (const int d : {12, 16, 64}) {
    for (const double delta : {0.05, 0.5}) {
      for (const Shape& shape : shapes(d)) {
        int violations = 0;
        for (int zeta = 0; zeta < kTrials; ++zeta) {
          violations += beyond(turned(shape.w, std::uint64_t(zeta)), delta) ? 1 : 0;
        }
        EXPECT_LE(violations, binomial_quantile(kTrials, delta, 1e-6)) << shape.name << d;
      }
    }
  }
}

// The share over all 2^d sign vectors of those that the lemma does not bind, for w = (1, ..., 1).
double exact_share(int d, double delta) {
  const Eigen::MatrixXd h = test::dense(Turn::hadamard(d, 7), d).cwiseAbs();  // 1 / sqrt(d)
  Matrix plain = Matrix::Identity(d, d);
  roste::cpu::rotate_rows(roste::Rotation::hadamard(d, 0, roste::Signs::kNone),
                          roste::cpu::view(plain));
  EXPECT_TRUE(plain.cwiseAbs().isApprox(h));
  int count = 0;
  for (int signs = 0; signs < (1 << d); ++signs) {
    Matrix sum = Matrix::Zero(1, d);
    for (int i = 0; i < d; ++i) sum += ((signs >> i) & 1 ? -1.0 : 1.0) * plain.row(i);
    count += beyond(sum, delta) ? 1 : 0;
  }
  return count / std::ldexp(1.0, d);
}

// Random signs of eq. (19) are independent and unbiased: two-sided, against the exact share.
TEST(Proposition44, P22_TheShareIsThatOfIndependentSigns) {
  constexpr int kTrials = 20000;
  for (const int d : {12, 16}) {
    const double share = exact_share(d, 0.5);
    ASSERT_GT(share, 0.01);
    int violations = 0;
    for (int zeta = 0; zeta < kTrials; ++zeta) {
      violations += beyond(turned(Vector::Ones(d), std::uint64_t(zeta)), 0.5) ? 1 : 0;
    }
    EXPECT_LE(violations, binomial_quantile(kTrials, share, 1e-6)) << d;
    EXPECT_GE(violations, kTrials - binomial_quantile(kTrials, 1 - share, 1e-6)) << d;
  }
}

// Weights that H without signs turns into one outlier and halves of the grid's step: the worst case
// of eq. (20). Random signs bring them far below eq. (21).
TEST(Proposition44, P23_WitnessNeedsTheSigns) {
  for (const int d : {64, 192, 256}) {  // 192 = 12 16: Paley's matrix of order 12
    for (const int bits : {4, 6}) {
      Vector witness(d);
      for (int i = 0; i < d; ++i) {
        const int sign = roste::random_sign(9, static_cast<std::uint64_t>(i));
        witness(i) = i == 0 ? 1 : sign * 0.4999 / largest_code(bits);
      }
      Matrix w = witness.transpose();
      const auto unsigned_h = roste::Rotation::hadamard(d, 0, roste::Signs::kNone);
      roste::cpu::rotate_rows_transposed(unsigned_h, roste::cpu::view(w));
      const double bound = rotated_error_bound(bits, d, 0.05, w.squaredNorm());
      EXPECT_GT(error_of(witness.transpose(), bits), bound) << "no power at " << d;
      for (std::uint64_t zeta = 0; zeta < 30; ++zeta) {
        EXPECT_LT(error_of(turned(w.row(0), zeta), bits), bound) << d << " " << bits;
      }
    }
  }
}

}  // namespace
}  // namespace least_squares
