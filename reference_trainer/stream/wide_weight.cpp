#include "reference_trainer/stream/wide_weight.h"

#include <algorithm>
#include <functional>

namespace trainer {
namespace {

constexpr std::int64_t kTileValues = 1 << 15;  // of double: 256 KiB, inside a level-2 cache
constexpr std::int64_t kTileColumns = 64;

std::span<double> values_of(DoubleMatrix w) {
  return {w.data, static_cast<std::size_t>(w.rows * w.cols)};
}

// body(tile, its first row)
void for_row_tiles(ThreadPool& pool, DoubleMatrix w,
                   const std::function<void(DoubleMatrix, std::int64_t)>& body) {
  const std::int64_t height = std::max<std::int64_t>(1, kTileValues / w.cols);
  pool.parallel_for((w.rows + height - 1) / height, [&](std::int64_t tile) {
    const std::int64_t first = tile * height;
    body({w.row(first), std::min(height, w.rows - first), w.cols, w.stride}, first);
  });
}

void for_column_tiles(ThreadPool& pool, DoubleMatrix w,
                      const std::function<void(DoubleMatrix)>& body) {
  pool.parallel_for((w.cols + kTileColumns - 1) / kTileColumns, [&](std::int64_t tile) {
    const std::int64_t first = tile * kTileColumns;
    body({w.data + first, w.rows, std::min(kTileColumns, w.cols - first), w.stride});
  });
}

}  // namespace

SideTurn ModelTurns::at(std::size_t layer, int rotation) const {
  if (rotation == 1 && dense_r1) return {nullptr, &*dense_r1};
  return {change.at(layer, rotation), nullptr};
}

void widen(ThreadPool& pool, std::span<const float> values, std::vector<double>& wide) {
  wide.resize(values.size());
  const auto count = static_cast<std::int64_t>(values.size());
  pool.parallel_for((count + kTileValues - 1) / kTileValues, [&](std::int64_t tile) {
    const std::int64_t first = tile * kTileValues;
    std::copy_n(values.data() + first, std::min(kTileValues, count - first), wide.data() + first);
  });
}

void absorb_norm(ThreadPool& pool, const WideNorm& norm, DoubleMatrix w, std::span<double> bias) {
  for_row_tiles(pool, w, [&](DoubleMatrix tile, std::int64_t first) {
    if (!norm.shift.empty()) {
      absorb_shift(
          norm.shift, tile,
          bias.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(tile.rows)));
    }
    absorb_gain(norm.gain, tile);
  });
}

void centre_columns(ThreadPool& pool, DoubleMatrix w) {
  for_column_tiles(pool, w, [](DoubleMatrix tile) { centre_columns(tile); });
}

void centre_rows(ThreadPool& pool, DoubleMatrix x) {
  for_row_tiles(pool, x, [](DoubleMatrix tile, std::int64_t) { centre_rows(tile); });
}

void turn_columns(ThreadPool& pool, const SideTurn& turn, DoubleMatrix w) {
  if (turn.hadamard != nullptr) {
    for_row_tiles(pool, w, [&](DoubleMatrix tile, std::int64_t) {
      turn_matrix({turn.hadamard, nullptr}, tile);
    });
  } else if (turn.dense != nullptr) {
    for_row_tiles(pool, w, [&](DoubleMatrix tile, std::int64_t) {
      rotate_rows(*turn.dense, tile.cols, values_of(tile));
    });
  }
}

void turn_rows(ThreadPool& pool, const SideTurn& turn, DoubleMatrix w) {
  if (turn.hadamard != nullptr) {
    for_column_tiles(pool, w, [&](DoubleMatrix tile) {
      turn_matrix({nullptr, turn.hadamard}, tile);
    });
  } else if (turn.dense != nullptr) {
    rotate_columns(*turn.dense, w.cols, values_of(w));
  }
}

}  // namespace trainer
