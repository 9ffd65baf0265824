// How a matrix is cut into lines that a block of threads holds in registers.
//
// A line is a part of a row whose values depend on each other: a rotation's block, a group of
// values that share a scale, or a whole row. A thread holds 4, 16 or 32 of its consecutive values.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

#include "roste/core/host_device.h"
#include "roste/cuda/team/kernel_function.h"

namespace roste::cuda {

inline constexpr int kPreferredBlock = 256;  // threads; shorter lines share a block

// 2^15 values of a line are 32 in each of 1024 threads.
inline constexpr std::int64_t kLongestLine = 1 << 15;

struct Lines {
  std::int32_t count = 0;    // of the matrix, in row-major order
  std::int32_t per_row = 1;  // consecutive parts of a row
  std::int32_t length = 0;   // values
  std::int32_t cols = 0;     // of the matrix; a row's last line may be shorter
  std::int32_t threads = 0;  // of one line; can_reduce() holds, so a few may be idle
  std::int32_t per_tile = 0;

  ROSTE_HD std::int32_t tiles() const { return (count + per_tile - 1) / per_tile; }
  std::int32_t block() const { return threads * per_tile; }  // threads
};

// Lines of `length` values with `values` of them per thread. Throws std::invalid_argument where a
// line takes more than 1024 threads, or the matrix has 2^31 lines or columns.
inline Lines plan_lines(std::int64_t rows, std::int64_t cols, std::int64_t length, int values) {
  const std::int64_t holders = (length + values - 1) / values;
  if (holders > kLargestBlock) {
    throw std::invalid_argument("roste: a line of " + std::to_string(length) + " values takes " +
                                std::to_string(holders) + " threads; expected at most " +
                                std::to_string(kLargestBlock));
  }
  const std::int64_t per_row = length == 0 ? 0 : (cols + length - 1) / length;
  if (std::max(rows * per_row, cols) > std::numeric_limits<std::int32_t>::max()) {
    throw std::invalid_argument("roste: " + std::to_string(rows) + " x " + std::to_string(cols) +
                                " values in lines of " + std::to_string(length) +
                                "; expected fewer than 2^31 lines and columns");
  }
  Lines lines;
  lines.count = static_cast<std::int32_t>(rows * per_row);
  lines.per_row = static_cast<std::int32_t>(std::max<std::int64_t>(per_row, 1));
  lines.length = static_cast<std::int32_t>(length);
  lines.cols = static_cast<std::int32_t>(cols);
  const unsigned wanted = static_cast<unsigned>(holders);
  lines.threads = static_cast<std::int32_t>(wanted <= kWarp ? std::bit_ceil(wanted)
                                                            : (wanted + kWarp - 1) / kWarp * kWarp);
  lines.per_tile = std::max(1, kPreferredBlock / std::max(lines.threads, 1));
  return lines;
}

// What a thread of a tile holds.
struct Place {
  std::int32_t line;   // of the matrix
  std::int32_t slot;   // the line's number in the tile
  std::int32_t chunk;  // the thread's number in the line
  std::int32_t count;  // values it holds, 0 when idle
  std::int64_t row;
  std::int32_t col;  // of the first value
};

template <int kValues>
ROSTE_KERNEL Place place_of(const Lines& lines, std::int64_t tile, int t) {
  Place place;
  place.slot = t / lines.threads;
  place.chunk = t % lines.threads;
  place.line = static_cast<std::int32_t>(tile) * lines.per_tile + place.slot;
  const std::int32_t start = place.line % lines.per_row * lines.length;
  const std::int32_t whole = lines.cols - start < lines.length ? lines.cols - start : lines.length;
  const std::int32_t left = whole - place.chunk * kValues;
  place.count = left < kValues ? left : kValues;
  if (place.count < 0 || place.line >= lines.count) place.count = 0;
  place.row = place.line / lines.per_row;
  place.col = start + place.chunk * kValues;
  return place;
}

}  // namespace roste::cuda
