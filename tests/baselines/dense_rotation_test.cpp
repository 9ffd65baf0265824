// Orthogonal matrices without structure: drawn, applied, repaired.
#include "reference_trainer/roste/dense_rotation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "reference_trainer/base/random.h"
#include "reference_trainer/model/rotations.h"
#include "roste/cpu/rotate.h"
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

double largest_difference(std::span<const double> a, std::span<const double> b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

double at(const DenseRotation& r, std::size_t i, std::size_t j) {
  return r.values()[i * static_cast<std::size_t>(r.size()) + j];
}

// Gram and Schmidt: the only Q with A = Q R and a positive diagonal of R.
Values gram_schmidt(Values a, std::size_t d) {
  for (std::size_t c = 0; c < d; ++c) {
    for (int twice = 0; twice < 2; ++twice) {  // orthogonal to rounding
      for (std::size_t before = 0; before < c; ++before) {
        double dot = 0;
        for (std::size_t r = 0; r < d; ++r) dot += a[r * d + c] * a[r * d + before];
        for (std::size_t r = 0; r < d; ++r) a[r * d + c] -= dot * a[r * d + before];
      }
    }
    double norm = 0;
    for (std::size_t r = 0; r < d; ++r) norm += a[r * d + c] * a[r * d + c];
    for (std::size_t r = 0; r < d; ++r) a[r * d + c] /= std::sqrt(norm);
  }
  return a;
}

// A Gaussian 20 x 20 matrix has a condition number of some hundreds; 1e-16 of rounding is
// multiplied by it.
TEST(DenseRotation, RandomIsTheOrthogonalFactorOfAGaussianMatrix) {
  constexpr std::size_t d = 20;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    RandomStream draws(seed);
    Values gaussian(d * d);
    for (double& v : gaussian) v = draws.normal();
    const DenseRotation r = DenseRotation::random(d, seed);
    EXPECT_LT(largest_difference(r.values(), gram_schmidt(gaussian, d)), 1e-12) << seed;
    EXPECT_LT(orthogonality_defect(r), 1e-14 * d);
  }
}

// For Haar, E[(tr R)^2] = 1 and E[R_00] = 0 (of a variance 1 / d): four standard errors of 4000
// draws, where (tr R)^2 has variance 2. A Q whose signs follow the algorithm has R_00 < 0 always.
TEST(DenseRotation, RandomIsUniformOverTheOrthogonalGroup) {
  constexpr int kDraws = 4000;
  constexpr std::int64_t d = 4;
  double squares = 0, corner = 0;
  for (int k = 0; k < kDraws; ++k) {
    const DenseRotation r = DenseRotation::random(d, static_cast<std::uint64_t>(k) + 100);
    const double trace = at(r, 0, 0) + at(r, 1, 1) + at(r, 2, 2) + at(r, 3, 3);
    squares += trace * trace / kDraws;
    corner += at(r, 0, 0) / kDraws;
  }
  EXPECT_NEAR(squares, 1, 4 * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(corner, 0, 4 * std::sqrt(1.0 / d / kDraws));
}

TEST(DenseRotation, EveryPlaceHasItsOwnRandomRotation) {
  const ModelShape shape = test::tiny_shape();
  const DenseRotations a = random_rotations(shape, 1), b = random_rotations(shape, 2);
  EXPECT_EQ(a.r1.size(), shape.hidden_size);
  ASSERT_EQ(a.r2.size(), 2u);
  EXPECT_EQ(a.r2[0].size(), shape.head_dim);
  EXPECT_NE(a.r2[0], a.r2[1]);
  EXPECT_NE(a.r1, b.r1);
  EXPECT_EQ(a.r1, random_rotations(shape, 1).r1);
}

// d = 24 is a Paley order, whose Hadamard matrix is not symmetric: a transposed one would show.
// Sums of 24 terms of at most 1 / sqrt(24) |x|.
TEST(DenseRotation, HadamardActsAsTheRotationItIsMadeOf) {
  for (const std::int64_t d : {8, 24}) {
    const auto rotation = roste::Rotation::hadamard(d, 5, roste::Signs::kRandom);
    const DenseRotation dense = DenseRotation::hadamard(rotation);
    EXPECT_LT(orthogonality_defect(dense), 1e-14);
    const std::int64_t rows = 2 * d, cols = 3 * d;
    const Values w = random_values(static_cast<std::size_t>(rows * cols), 3);
    Values expected = w, got = w;
    roste::cpu::rotate_rows(rotation,
                            roste::cpu::MatrixView<double>{expected.data(), rows, cols, cols});
    rotate_rows(dense, cols, got);
    EXPECT_LT(largest_difference(got, expected), 1e-14 * static_cast<double>(d));
    expected = got = w;
    roste::cpu::rotate_columns(rotation,
                               roste::cpu::MatrixView<double>{expected.data(), rows, cols, cols});
    rotate_columns(dense, cols, got);
    EXPECT_LT(largest_difference(got, expected), 1e-14 * static_cast<double>(d));
  }
}

// More runs and more columns than one strip, against x R and R^T w written out.
TEST(DenseRotation, StripsAndBlocksCoverTheWholeMatrix) {
  constexpr std::size_t d = 3, rows = 2 * d, cols = 300 * d;
  const DenseRotation r(d, random_values(d * d, 8));  // need not be orthogonal
  const Values w = random_values(rows * cols, 9);
  Values by_rows(w.size()), by_columns(w.size());
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < cols; ++j) {
      for (std::size_t k = 0; k < d; ++k) {
        by_rows[i * cols + j] += w[i * cols + j - j % d + k] * at(r, k, j % d);
        by_columns[i * cols + j] += at(r, k, i % d) * w[(i - i % d + k) * cols + j];
      }
    }
  }
  Values got = w;
  rotate_rows(r, cols, got);
  EXPECT_LT(largest_difference(got, by_rows), 1e-14);
  got = w;
  rotate_columns(r, cols, got);
  EXPECT_LT(largest_difference(got, by_columns), 1e-14);
}

TEST(DenseRotation, DefectIsTheLargestEntryOfGramMinusIdentity) {
  EXPECT_EQ(orthogonality_defect({2, {1, 0, 0, 1}}), 0);
  EXPECT_EQ(orthogonality_defect({2, {0, -1, 1, 0}}), 0);
  EXPECT_EQ(orthogonality_defect({2, {2, 0, 0, 1}}), 3);      // 2 * 2 - 1
  EXPECT_EQ(orthogonality_defect({2, {1, 0.5, 0, 1}}), 0.5);  // columns (1, 0) and (0.5, 1)
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(orthogonality_defect({2, {1, 0, 0, nan}}), HUGE_VAL);
}

TEST(DenseRotation, DriftIsRepairedAndAnOrthogonalMatrixLeftAlone) {
  const DenseRotation r = DenseRotation::random(12, 1);
  EXPECT_LT(largest_difference(orthogonalized(r).values(), r.values()), 1e-14 * 12);
  Values drifted(r.values().begin(), r.values().end());
  for (std::size_t i = 0; i < drifted.size(); ++i)
    drifted[i] += 1e-3 * static_cast<double>(test::uniform(4, i));
  const DenseRotation repaired = orthogonalized({12, drifted});
  EXPECT_GT(orthogonality_defect({12, drifted}), 1e-4);
  EXPECT_LT(orthogonality_defect(repaired), 1e-14);
  EXPECT_LT(largest_difference(repaired.values(), r.values()), 12 * 1e-3);
}

TEST(DenseRotation, RefusesSizesThatDoNotFit) {
  EXPECT_THROW(DenseRotation(2, {1, 0, 0}), std::invalid_argument);
  EXPECT_THROW(DenseRotation(0, {}), std::invalid_argument);
  const DenseRotation r(2, {1, 0, 0, 1});
  Values w(9);
  EXPECT_THROW(rotate_rows(r, 3, w), std::invalid_argument);
  EXPECT_THROW(rotate_columns(r, 3, w), std::invalid_argument);
}

}  // namespace
}  // namespace trainer
