// A rotation, or its transpose, as the loops and kernels behind rotate.h take it, and what they
// work on. Nothing here owns memory.
#pragma once

#include <cstdint>

#include "roste/core/rotation.h"
#include "roste/cpu/detail/butterfly.h"
#include "roste/cpu/detail/mix_blocks.h"
#include "roste/cpu/detail/rounding.h"

namespace roste::cpu::detail {

// Numbers that the table of a base may take, for every instruction set: 64 for each of its sums.
inline std::int64_t table_numbers(const Rotation& rotation) {
  return std::int64_t{rotation.base_product_of(Side::kPlain).sums()} * 64;
}

template <class T>
struct RotationPlan {
  RotationPlan(const Rotation& rotation, Side direction, T* table_memory)
      : side(direction),
        size(rotation.size()),
        log2_inner(rotation.log2_count()),
        inner(std::int64_t{1} << log2_inner),
        signs(rotation.signs().data()),
        sign_words(rotation.sign_words().data()),
        base(&rotation.base_product_of(direction)),
        scale(static_cast<T>(rotation.norm() / base->multiple())),
        table(table_memory) {
    require_rounding_to_nearest();
  }

  bool has_base() const { return base->order > 1; }
  // True where Rotation::sign_words holds the signs of whole rotations side by side, so that a
  // kernel takes any number of them as one run.
  bool repeats() const { return size <= 256 && inner == size; }

  Side side;
  std::int64_t size;                // d
  int log2_inner;                   // k
  std::int64_t inner;               // 2^k
  const std::int8_t* signs;         // [d] of +1, -1
  const std::uint64_t* sign_words;  // see Rotation::sign_words
  const BaseProduct* base;          // H_m or its transpose
  T scale;                          // of what the base leaves: 1 / sqrt(m 2^k), or half of it
  T* table;                         // [table_numbers()], used where has_base()
};

// rows x cols numbers, read at x and written at y, which may be x.
template <class T>
struct RotatedRows {
  const T* x;
  std::int64_t x_stride;
  T* y;
  std::int64_t y_stride;
  std::int64_t rows;
  std::int64_t cols;
  const T* after = nullptr;  // what is read after the last row, if anything

  // What is read after row r; the row itself where that is nothing.
  const T* after_row(std::int64_t r) const {
    if (r + 1 < rows) return x + (r + 1) * x_stride;
    return after != nullptr ? after : x + r * x_stride;
  }
};

// The extremes of a rotated row before it was scaled, as ScanBits knows them.
struct RotatedExtremes {
  std::uint32_t largest_signed, largest;
};

// Columns that are rotated together, in a contiguous copy: rows of the matrix often lie a large
// power of two apart, where they would fight for the same lines of the cache.
inline constexpr std::int64_t kColumnTile = 32;

// y := (I (x) H) y for the d contiguous numbers of one run.
template <class T>
void mix_run(const RotationPlan<T>& plan, T* y) {
  for (std::int64_t i = 0; i < plan.size; i += plan.inner) walsh_hadamard(y + i, plan.inner);
  if (plan.has_base()) mix_blocks(*plan.base, Blocks<T>{y, plan.inner}, plan.inner, plan.table);
}

template <class T>
void rotate_run(const RotationPlan<T>& plan, const T* x, T* y) {
  if (plan.side == Side::kPlain) {
    for (std::int64_t i = 0; i < plan.size; ++i) y[i] = x[i] * static_cast<T>(plan.signs[i]);
    mix_run(plan, y);
    for (std::int64_t i = 0; i < plan.size; ++i) y[i] *= plan.scale;
  } else {
    if (x != y) std::copy(x, x + plan.size, y);
    mix_run(plan, y);
    for (std::int64_t i = 0; i < plan.size; ++i) {
      y[i] = y[i] * plan.scale * static_cast<T>(plan.signs[i]);
    }
  }
}

template <class T>
void rotate_rows_portable(const RotationPlan<T>& plan, const RotatedRows<T>& job) {
  for (std::int64_t r = 0; r < job.rows; ++r) {
    for (std::int64_t c = 0; c < job.cols; c += plan.size) {
      rotate_run(plan, job.x + r * job.x_stride + c, job.y + r * job.y_stride + c);
    }
  }
}

// d rows of job.cols <= kColumnTile columns; tile [d, kColumnTile].
template <class T>
void rotate_columns_portable(const RotationPlan<T>& plan, const RotatedRows<T>& job, T* tile) {
  const T one{1};
  for (std::int64_t r = 0; r < plan.size; ++r) {
    const T sign = plan.side == Side::kPlain ? static_cast<T>(plan.signs[r]) : one;
    for (std::int64_t c = 0; c < job.cols; ++c) {
      tile[r * kColumnTile + c] = job.x[r * job.x_stride + c] * sign;
    }
  }
  const std::int64_t inner = plan.inner * kColumnTile;
  for (std::int64_t i = 0; i < plan.size * kColumnTile; i += inner) {
    walsh_hadamard_columns(tile + i, plan.inner, kColumnTile);
  }
  if (plan.has_base()) mix_blocks(*plan.base, Blocks<T>{tile, inner}, inner, plan.table);
  for (std::int64_t r = 0; r < plan.size; ++r) {
    const T sign = plan.side == Side::kPlain ? one : static_cast<T>(plan.signs[r]);
    for (std::int64_t c = 0; c < job.cols; ++c) {
      job.y[r * job.y_stride + c] = tile[r * kColumnTile + c] * plan.scale * sign;
    }
  }
}

}  // namespace roste::cpu::detail
