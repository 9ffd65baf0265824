// Invariants of R = H Diag(r) / sqrt(d) as a matrix, and of its signs. u = 2^-24.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "roste/cpu/rotate.h"
#include "tests/support/product_cases.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::MatrixView;
using testing::gaussian;
using testing::supported_isas;

constexpr double kUnit = 0x1p-24;

// Row i is the image of unit vector i.
std::vector<float> images_of_unit_vectors(std::int64_t d, Side side, cpu::Isa isa) {
  std::vector<float> x(static_cast<std::size_t>(d * d), 0.0f);
  for (std::int64_t i = 0; i < d; ++i) x[static_cast<std::size_t>(i * d + i)] = 1;
  const Rotation rotation = Rotation::hadamard(d, 29);
  const MatrixView<float> view(x.data(), d, d);
  if (side == Side::kPlain) {
    cpu::rotate_rows(rotation, view, isa);
  } else {
    cpu::rotate_rows_transposed(rotation, view, isa);
  }
  return x;
}

// Every entry is float(1 / sqrt(d)): its square is 1 / d up to 2 u, so the diagonal is 1 up to 2 u
// and all else is an exact 0. Orders of every kind of base among them.
TEST(RotationInvariants, P17_P20_TheMatrixIsOrthogonalAndFlat) {
  for (const std::int64_t d : {1, 2, 7, 8, 12, 14, 20, 28, 36, 56, 64, 76, 92, 96}) {
    const float entry = static_cast<float>(1 / std::sqrt(static_cast<double>(d)));
    for (const cpu::Isa isa : supported_isas()) {
      const std::vector<float> r = images_of_unit_vectors(d, Side::kPlain, isa);
      const std::vector<float> transposed = images_of_unit_vectors(d, Side::kTransposed, isa);
      const std::int64_t rows_per_block = d / Rotation::hadamard(d, 29).blocks();
      for (std::int64_t i = 0; i < d; ++i) {
        for (std::int64_t j = 0; j < d; ++j) {
          double product = 0;
          for (std::int64_t k = 0; k < d; ++k) {
            product += double{r[static_cast<std::size_t>(i * d + k)]} *
                       r[static_cast<std::size_t>(j * d + k)];
          }
          ASSERT_NEAR(product, i == j ? 1 : 0, 8 * kUnit) << d << " " << cpu::isa_name(isa);
          const float at = r[static_cast<std::size_t>(i * d + j)];
          ASSERT_EQ(at, transposed[static_cast<std::size_t>(j * d + i)]) << "R and R^T";
          if (rows_per_block == d) {
            ASSERT_EQ(std::fabs(at), entry) << d;
          }
        }
      }
    }
  }
}

// Signs used twice would show as two places that always agree: for n fair signs, |sum r_i r_i+k|
// exceeds 6 sqrt(n) with probability below 4e-9 for each of the 2048 shifts.
TEST(RotationInvariants, P20_NoSignIsUsedTwice) {
  const std::int64_t n = 4096;
  const Rotation rotation = Rotation::hadamard(n, 3);
  for (std::int64_t shift = 1; shift <= n / 2; ++shift) {
    int agreement = 0;
    for (std::int64_t i = 0; i + shift < n; ++i) {
      agreement += rotation.sign(i) * rotation.sign(i + shift);
    }
    ASSERT_LE(std::abs(agreement), 6 * std::sqrt(static_cast<double>(n))) << shift;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    ASSERT_EQ(rotation.sign(i), random_sign(3, static_cast<std::uint64_t>(i)));
  }
}

// Another seed is another rotation, and rotations of different sizes begin with the same signs.
TEST(RotationInvariants, P20_SeedsAndSizes) {
  const Rotation a = Rotation::hadamard(4096, 3), b = Rotation::hadamard(4096, 4);
  int agreement = 0;
  for (std::int64_t i = 0; i < 4096; ++i) agreement += a.sign(i) * b.sign(i);
  EXPECT_LE(std::abs(agreement), 6 * 64);
  const Rotation small = Rotation::hadamard(96, 3);
  for (std::int64_t i = 0; i < 96; ++i) EXPECT_EQ(small.sign(i), a.sign(i));
}

TEST(RotationInvariants, P16_AnyCutIntoRowsAndColumnsGivesTheSameBits) {
  const std::int64_t d = 48, other = 70;
  const Rotation rotation = Rotation::hadamard(d, 2);
  const std::vector<float> x = gaussian(3, d * other);
  std::vector<float> rows = x, columns = x;
  cpu::rotate_rows(rotation, MatrixView<float>(rows.data(), other, d), cpu::Isa::kPortable);
  cpu::rotate_columns(rotation, MatrixView<float>(columns.data(), d, other), cpu::Isa::kPortable);
  for (const cpu::Isa isa : supported_isas()) {
    for (std::int64_t cut = 0; cut <= other; ++cut) {
      std::vector<float> cut_rows = x, cut_columns = x;
      float* below = cut_rows.data() + cut * d;
      cpu::rotate_rows(rotation, MatrixView<float>(cut_rows.data(), cut, d), isa);
      cpu::rotate_rows(rotation, MatrixView<float>(below, other - cut, d), isa);
      ASSERT_EQ(cut_rows, rows) << cut << " " << cpu::isa_name(isa);
      float* right = cut_columns.data() + cut;
      cpu::rotate_columns(rotation, MatrixView<float>(cut_columns.data(), d, cut, other), isa);
      cpu::rotate_columns(rotation, MatrixView<float>(right, d, other - cut, other), isa);
      ASSERT_EQ(cut_columns, columns) << cut << " " << cpu::isa_name(isa);
    }
  }
}

// Several runs in a row of 16-bit numbers: each is rotated on its own, and lands in its place.
template <class T>
void expect_runs_rotated_alone(std::int64_t d) {
  const std::int64_t rows = 3, runs = 4, cols = runs * d;
  const Rotation rotation = Rotation::hadamard(d, 5);
  std::vector<T> x;
  for (const float v : gaussian(4, rows * cols)) x.push_back(from_float<T>(v));
  for (const cpu::Isa isa : supported_isas()) {
    std::vector<T> together = x, alone = x;
    cpu::rotate_rows(rotation, MatrixView<T>(together.data(), rows, cols), isa);
    for (std::int64_t run = 0; run < rows * runs; ++run) {
      cpu::rotate_rows(rotation, MatrixView<T>(alone.data() + run * d, 1, d), isa);
    }
    EXPECT_TRUE(together == alone) << d << " " << cpu::isa_name(isa);
  }
}

TEST(RotationInvariants, P16_RunsOfARowAreIndependent) {
  for (const std::int64_t d : {3, 8, 12, 64}) {
    expect_runs_rotated_alone<float>(d);
    expect_runs_rotated_alone<BFloat16>(d);
    expect_runs_rotated_alone<Half>(d);
  }
}

}  // namespace
}  // namespace roste
