// Rotations against dense matrices in double.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "roste/cpu/rotate.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::MatrixView;
using testing::gaussian;
using Doubles = std::vector<double>;

constexpr double kUnit = 0x1p-24;

// y = (x o r) H^T / sqrt(d) of one row, from the definition.
template <class T>
Doubles dense_rotation(const Rotation& rotation, const T* x) {
  const int block = static_cast<int>(rotation.block_size());
  const SignMatrix h = hadamard_matrix(block);
  Doubles y(static_cast<std::size_t>(rotation.size()), 0.0);
  for (std::int64_t i = 0; i < rotation.size(); ++i) {
    const std::int64_t first = i / block * block;
    for (int j = 0; j < block; ++j) {
      y[static_cast<std::size_t>(i)] +=
          h.at(static_cast<int>(i - first), j) * double{x[first + j]} * rotation.sign(first + j);
    }
    y[static_cast<std::size_t>(i)] /= std::sqrt(static_cast<double>(block));
  }
  return y;
}

template <class T>
double norm(const std::vector<T>& x) {
  double sum = 0;
  for (const T v : x) sum += double{v} * v;
  return std::sqrt(sum);
}

template <class A, class B>
double distance(const std::vector<A>& a, const std::vector<B>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return std::sqrt(sum);
}

// Powers of two, every kind of base alone and with blocks, and one that falls into blocks.
const std::int64_t kDimensions[] = {1,   2,   4,   8,   12,  16,  20,   24,  28,
                                    32,  36,  64,  76,  92,  96,  116,  128, 156,
                                    172, 188, 304, 384, 448, 512, 1024, 1536};

TEST(RotationRows, RO01_EqualsTheDenseMatrix) {
  for (const std::int64_t d : kDimensions) {
    const Rotation rotation = Rotation::hadamard(d, 11);
    std::vector<float> x = gaussian(static_cast<std::uint64_t>(d), d);
    const Doubles expected = dense_rotation(rotation, x.data());
    const double length = norm(x);
    cpu::rotate_rows(rotation, MatrixView<float>(x.data(), 1, d));
    EXPECT_LE(distance(x, expected), 8 * kUnit * length) << d;
  }
}

TEST(RotationRows, DoubleEqualsTheDenseMatrix) {
  for (const std::int64_t d : {12, 32, 384}) {
    const Rotation rotation = Rotation::hadamard(d, 5);
    const std::vector<float> values = gaussian(3, d);
    Doubles x(values.begin(), values.end());
    const Doubles expected = dense_rotation(rotation, x.data());
    cpu::rotate_rows(rotation, MatrixView<double>(x.data(), 1, d));
    EXPECT_LE(distance(x, expected), 1e-14 * norm(expected)) << d;
  }
}

TEST(RotationRows, P18_P19_KeepsNormsAndIsUndoneByItsTranspose) {
  for (const std::int64_t d : kDimensions) {
    const Rotation rotation = Rotation::hadamard(d, 1);
    const std::vector<float> original = gaussian(9, 3 * d);
    std::vector<float> x = original;
    const MatrixView<float> view(x.data(), 3, d);
    cpu::rotate_rows(rotation, view);
    EXPECT_LE(std::fabs(norm(x) / norm(original) - 1), 4 * kUnit) << d;
    cpu::rotate_rows_transposed(rotation, view);
    EXPECT_LE(distance(x, original), 8 * kUnit * norm(original)) << d;
  }
}

TEST(RotationRows, P19_AnInvolutionOnlyWithoutSigns) {
  const std::vector<float> original = gaussian(2, 64);
  for (const Signs signs : {Signs::kNone, Signs::kRandom}) {
    std::vector<float> x = original;
    const Rotation rotation = Rotation::hadamard(64, 8, signs);
    cpu::rotate_rows(rotation, MatrixView<float>(x.data(), 1, 64));
    cpu::rotate_rows(rotation, MatrixView<float>(x.data(), 1, 64));
    const double moved = distance(x, original) / norm(original);
    if (signs == Signs::kNone) {
      EXPECT_LE(moved, 8 * kUnit);
    }
    if (signs == Signs::kRandom) {
      EXPECT_GE(moved, 0.5);
    }
  }
}

TEST(RotationRows, P20_UnitVectorsBecomeFlat) {
  for (const std::int64_t d : {12, 28, 64}) {
    const Rotation rotation = Rotation::hadamard(d, 4);
    const float expected = static_cast<float>(1.0 / std::sqrt(static_cast<double>(d)));
    for (std::int64_t i = 0; i < d; ++i) {
      std::vector<float> e(static_cast<std::size_t>(d), 0.0f);
      e[static_cast<std::size_t>(i)] = 1;
      cpu::rotate_rows(rotation, MatrixView<float>(e.data(), 1, d));
      for (const float v : e) EXPECT_EQ(std::fabs(v), expected);
    }
  }
}

// Mixing a constant row first would pile all of it onto coordinate 0, and signs cannot undo that.
TEST(RotationRows, SignsComeBeforeMixing) {
  const Rotation rotation = Rotation::hadamard(1024, 0);
  std::vector<float> x(1024, 1.0f);
  cpu::rotate_rows(rotation, MatrixView<float>(x.data(), 1, 1024));
  float largest = 0;
  for (const float v : x) largest = std::max(largest, std::fabs(v));
  EXPECT_LE(largest, 5.5f);  // sqrt(2 ln(2 d / delta)) for delta = 5e-4; the mistake gives 32
}

// (X R)(R^T W) = X W with the order-12 base, where H and H^T differ.
TEST(RotationRows, RO06_InnerProductsSurviveAndTheWrongSideDoesNot) {
  const std::int64_t d = 24;
  const Rotation rotation = Rotation::hadamard(d, 21);
  std::vector<float> x = gaussian(1, d), w = gaussian(2, d), wrong = w;
  const auto dot = [&](const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
    return sum;
  };
  const double before = dot(x, w);
  const double scale = norm(x) * norm(w);
  cpu::rotate_rows(rotation, MatrixView<float>(x.data(), 1, d));
  cpu::rotate_rows(rotation, MatrixView<float>(w.data(), 1, d));
  cpu::rotate_rows_transposed(rotation, MatrixView<float>(wrong.data(), 1, d));
  EXPECT_NEAR(dot(x, w), before, 1e-6 * scale);
  EXPECT_GT(std::fabs(dot(x, wrong) - before), 1e-2 * scale);
}

TEST(RotationRows, RO09_BatchesStridesAndRunsGiveTheSameBits) {
  for (const std::int64_t d : {4, 12, 32, 96}) {
    const Rotation rotation = Rotation::hadamard(d, 2);
    const std::int64_t rows = 5, runs = 3, stride = runs * d + 7;
    std::vector<float> x = gaussian(6, rows * stride);
    std::vector<float> one_by_one = x;
    cpu::rotate_rows(rotation, MatrixView<float>(x.data(), rows, runs * d, stride));
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t k = 0; k < runs; ++k) {
        cpu::rotate_rows(rotation, MatrixView<float>(one_by_one.data() + r * stride + k * d, 1, d));
      }
    }
    EXPECT_EQ(x, one_by_one) << d;
  }
  MatrixView<float> empty(nullptr, 0, 32);
  EXPECT_NO_THROW(cpu::rotate_rows(Rotation::hadamard(32, 2), empty));
}

template <class T>
void expect_columns_equal_rows(std::int64_t d, std::int64_t cols) {
  const Rotation rotation = Rotation::hadamard(d, 17);
  const std::vector<float> values = gaussian(12, 2 * d * cols);
  std::vector<T> w(values.begin(), values.end()), rows(w.size());
  const std::vector<T> original = w;
  for (std::int64_t i = 0; i < 2 * d; ++i) {
    for (std::int64_t c = 0; c < cols; ++c) rows[c * 2 * d + i] = w[i * cols + c];
  }
  cpu::rotate_columns(rotation, MatrixView<T>(w.data(), 2 * d, cols));
  cpu::rotate_rows(rotation, MatrixView<T>(rows.data(), cols, 2 * d));
  for (std::int64_t i = 0; i < 2 * d; ++i) {
    for (std::int64_t c = 0; c < cols; ++c) ASSERT_EQ(rows[c * 2 * d + i], w[i * cols + c]) << d;
  }
  cpu::rotate_columns_transposed(rotation, MatrixView<T>(w.data(), 2 * d, cols));
  EXPECT_LE(distance(w, original), 8 * kUnit * norm(original));
}

TEST(RotationColumns, SameBitsAsRowsOfTheTranspose) {
  for (const std::int64_t d : {1, 4, 12, 16, 32, 48, 172}) {
    expect_columns_equal_rows<float>(d, 37);
    expect_columns_equal_rows<double>(d, 3);
  }
}

TEST(Rotation, PlanDescribesItself) {
  const Rotation r = Rotation::hadamard(384, 1);
  EXPECT_EQ(r.size(), 384);
  EXPECT_EQ(r.base_order(), 12);
  EXPECT_EQ(r.log2_count(), 5);
  EXPECT_EQ(r.blocks(), 1);
  EXPECT_EQ(r.note(), "");
  EXPECT_EQ(r.sign(5), random_sign(1, 5));
  EXPECT_EQ(Rotation::hadamard(384, 1, Signs::kNone).sign(0), 1);
}

TEST(Rotation, BlockTransformSaysSo) {
  const Rotation r = Rotation::hadamard(188, 1);
  EXPECT_EQ(r.blocks(), 47);
  EXPECT_EQ(r.block_size(), 4);
  EXPECT_NE(r.note().find("47 separate blocks of 4"), std::string::npos) << r.note();
}

TEST(Rotation, RO03_DimensionsThatAreNone) {
  EXPECT_THROW(Rotation::hadamard(0, 1), std::invalid_argument);
  EXPECT_THROW(Rotation::hadamard(-8, 1), std::invalid_argument);
}

TEST(Rotation, RO10_ShapesThatDoNotFit) {
  std::vector<float> x(30);
  const Rotation r = Rotation::hadamard(8, 1);
  EXPECT_THROW(cpu::rotate_rows(r, MatrixView<float>(x.data(), 1, 30)), std::invalid_argument);
  EXPECT_THROW(cpu::rotate_rows_transposed(r, MatrixView<float>(x.data(), 1, 30)),
               std::invalid_argument);
  EXPECT_THROW(cpu::rotate_columns(r, MatrixView<float>(x.data(), 30, 1)), std::invalid_argument);
  EXPECT_THROW(cpu::rotate_columns_transposed(r, MatrixView<float>(x.data(), 30, 1)),
               std::invalid_argument);
}

TEST(RotationRows, RO05_NanStaysInItsRun) {
  std::vector<float> x = gaussian(4, 64);
  x[3] = std::numeric_limits<float>::quiet_NaN();
  cpu::rotate_rows(Rotation::hadamard(32, 1), MatrixView<float>(x.data(), 1, 64));
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(std::isnan(x[i]), i < 32);
}

}  // namespace
}  // namespace roste
