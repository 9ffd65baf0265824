// Tiles of a matrix in double, on any number of threads, are the matrix: bit by bit.
#include "reference_trainer/stream/wide_weight.h"

#include <gtest/gtest.h>

#include <functional>

#include "roste/core/signs.h"

namespace trainer {
namespace {

// More than a tile in both directions, and not a multiple of one: 7 tiles of 136 rows, 4 of 64
// columns.
constexpr std::int64_t kRows = 896, kCols = 240;

std::vector<double> random_doubles(std::int64_t count, std::uint64_t seed) {
  std::vector<double> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<double>(roste::random_bits(seed, i) >> 11) * 0x1p-52 - 1;
  return values;
}

// A verb on tiles against the same verb on the whole.
void expect_same(const std::function<void(ThreadPool&, DoubleMatrix)>& on_tiles,
                 const std::function<void(DoubleMatrix)>& on_all) {
  const std::vector<double> before = random_doubles(kRows * kCols, 1);
  std::vector<double> whole = before;
  on_all({whole.data(), kRows, kCols});
  EXPECT_NE(whole, before);
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    std::vector<double> tiled = before;
    on_tiles(pool, {tiled.data(), kRows, kCols});
    EXPECT_TRUE(tiled == whole) << threads << " threads";
  }
}

TEST(WideWeight, TilesAreTheMatrix) {
  const WideNorm norm{random_doubles(kCols, 2), {}};
  expect_same([&](ThreadPool& pool, DoubleMatrix w) { absorb_norm(pool, norm, w, {}); },
              [&](DoubleMatrix w) { absorb_gain(norm.gain, w); });
  expect_same([](ThreadPool& pool, DoubleMatrix w) { centre_columns(pool, w); },
              [](DoubleMatrix w) { centre_columns(w); });
  expect_same([](ThreadPool& pool, DoubleMatrix w) { centre_rows(pool, w); },
              [](DoubleMatrix w) { centre_rows(w); });
}

TEST(WideWeight, AShiftReachesTheBiasOfItsRow) {
  const WideNorm norm{random_doubles(kCols, 2), random_doubles(kCols, 3)};
  std::vector<double> w = random_doubles(kRows * kCols, 1), bias = random_doubles(kRows, 4);
  std::vector<double> expected = bias;
  absorb_shift(norm.shift, {w.data(), kRows, kCols}, expected);
  ThreadPool pool(2);
  absorb_norm(pool, norm, {w.data(), kRows, kCols}, bias);
  EXPECT_EQ(bias, expected);
}

TEST(WideWeight, TilesTurnAsTheMatrixDoes) {
  for (const Direction direction : {Direction::kForward, Direction::kBack}) {
    const Turn columns{roste::Rotation::hadamard(24, 7), direction};
    const Turn rows{roste::Rotation::hadamard(448, 8), direction};
    expect_same(
        [&](ThreadPool& pool, DoubleMatrix w) {
          turn_columns(pool, {&columns, {}}, w);
        },
        [&](DoubleMatrix w) {
          turn_matrix({&columns, nullptr}, w);
        });
    expect_same(
        [&](ThreadPool& pool, DoubleMatrix w) {
          turn_rows(pool, {&rows, {}}, w);
        },
        [&](DoubleMatrix w) {
          turn_matrix({nullptr, &rows}, w);
        });
  }
}

TEST(WideWeight, DenseRotationsTurnBothSides) {
  const DenseRotation columns = DenseRotation::random(48, 1), rows = DenseRotation::random(56, 2);
  const auto all = [](DoubleMatrix w) {
    return std::span(w.data, static_cast<std::size_t>(w.rows * w.cols));
  };
  expect_same(
      [&](ThreadPool& pool, DoubleMatrix w) {
        turn_rows(pool, {nullptr, &rows}, w);
      },
      [&](DoubleMatrix w) { rotate_columns(rows, w.cols, all(w)); });
  // Products of other heights may add in another order.
  std::vector<double> w = random_doubles(kRows * kCols, 1), whole = w;
  ThreadPool pool(2);
  turn_columns(pool, {nullptr, &columns}, {w.data(), kRows, kCols});
  rotate_rows(columns, kCols, whole);
  for (std::size_t i = 0; i < w.size(); ++i) ASSERT_NEAR(w[i], whole[i], 48 * 0x1p-52 * 48) << i;
}

}  // namespace
}  // namespace trainer
