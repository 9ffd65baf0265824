// Brings matrices of any number type to the loops and kernels of rotations, with the memory that
// they need.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <type_traits>

#include "roste/core/number_types.h"
#include "roste/cpu/detail/aligned_vector.h"
#include "roste/cpu/detail/group_kernel.h"
#include "roste/cpu/detail/number_run.h"
#include "roste/cpu/detail/rotation_plan.h"
#include "roste/cpu/detail/scan.h"
#include "roste/cpu/isa.h"
#include "roste/cpu/matrix_view.h"
#include "roste/cpu/simd/hadamard.h"

namespace roste::cpu::detail {

// What to carry out, and how.
struct RotationCall {
  const Rotation& rotation;
  Side side;
  Isa isa;
};

// The type that T is computed in.
template <class T>
using Computed = std::conditional_t<std::same_as<T, double>, double, float>;

inline constexpr std::int64_t kAlignment = 16;  // floats in a line of the cache

// The part of a workspace from its first line of the cache on.
inline std::span<float> aligned(std::span<float> workspace) {
  const auto address = reinterpret_cast<std::uintptr_t>(workspace.data());
  return workspace.subspan((kCacheLine - address % kCacheLine) % kCacheLine / sizeof(float));
}

// Numbers of memory: the table of a base, then a staged row for types that are not computed in.
template <class T>
std::int64_t rows_memory(const Rotation& rotation) {
  return table_numbers(rotation) + (std::same_as<T, Computed<T>> ? 0 : rotation.size());
}

// The table, then a tile of columns.
inline std::int64_t columns_memory(const Rotation& rotation) {
  return table_numbers(rotation) + rotation.size() * kColumnTile;
}

template <class T>
class RotationMemory {
 public:
  explicit RotationMemory(std::int64_t count) : numbers_(static_cast<std::size_t>(count)) {}
  std::span<Computed<T>> span() { return numbers_; }

 private:
  UnsetVector<Computed<T>> numbers_;
};

template <class T>
void rotate_rows_by(Isa isa, const RotationPlan<T>& plan, const RotatedRows<T>& job) {
#if ROSTE_X86_KERNELS
  if constexpr (std::same_as<T, float>) {
    if (isa == Isa::kAvx512) return simd::avx512::rotate_rows(plan, job);
    if (isa == Isa::kAvx2) return simd::avx2::rotate_rows(plan, job);
  }
#endif
  static_cast<void>(isa);
  rotate_rows_portable(plan, job);
}

// True where scan_rotated_row() finds extremes while it rotates: its kernels do so behind the last
// stage, which codelets of up to 256 numbers share with the first.
template <class T>
bool scans_rotated_rows(Isa isa, const RotationPlan<T>& plan) {
  constexpr std::int64_t kLongest = 256;
  return ROSTE_X86_KERNELS != 0 && isa != Isa::kPortable && plan.side == Side::kPlain &&
         !plan.has_base() && plan.size > kLongest;
}

#if ROSTE_X86_KERNELS
// The scan of a row y that was rotated, in terms of what was seen before it was scaled. Rounding
// keeps the order of numbers. Where all had one sign, the smallest is not known yet.
inline Scan scan_of(Isa isa, RotatedExtremes seen, const RotationPlan<float>& plan, const float* y,
                    std::int64_t n) {
  using roste::detail::float_of_bits;
  const ScanBits bits(seen.largest_signed, seen.largest, seen.largest);
  if (!bits.has_both_signs()) return scan_run(isa, y, n);
  Scan scan = bits.scan();
  if (!scan.finite()) return scan;
  scan.min = scan.min * plan.scale + 0.0f;
  scan.max = scan.max * plan.scale + 0.0f;
  return scan;
}

// Rotates one row, where scans_rotated_rows() says so, and scans the result.
inline Scan scan_rotated_row(Isa isa, const RotationPlan<float>& plan,
                             const RotatedRows<float>& row) {
  const RotatedExtremes seen = isa == Isa::kAvx512 ? simd::avx512::rotate_seen_row(plan, row)
                                                   : simd::avx2::rotate_seen_row(plan, row);
  return scan_of(isa, seen, plan, row.y, row.cols);
}
#endif

// Rows that lie one behind the other are one long row.
template <class T>
RotatedRows<T> joined_rows(RotatedRows<T> job) {
  if (job.x_stride != job.cols || job.y_stride != job.cols) return job;
  job.cols *= job.rows;
  job.x_stride = job.y_stride = job.cols;
  job.rows = std::min<std::int64_t>(job.rows, 1);
  return job;
}

// memory [rows_memory()].
template <class T>
void rotate_matrix_rows(const RotationCall& call, MatrixView<const T> x, MatrixView<T> y,
                        std::span<Computed<T>> memory) {
  using C = Computed<T>;
  const RotationPlan<C> plan(call.rotation, call.side, memory.data());
  if constexpr (std::same_as<T, C>) {
    rotate_rows_by(call.isa, plan,
                   joined_rows(RotatedRows<T>{x.data, x.stride, y.data, y.stride, x.rows, x.cols}));
  } else {
    C* staged = memory.data() + table_numbers(call.rotation);
    const std::int64_t d = plan.size;
    for (std::int64_t r = 0; r < x.rows; ++r) {
      for (std::int64_t c = 0; c < x.cols; c += d) {
        widen_run(call.isa, x.row(r) + c, d, staged);
        rotate_rows_by(call.isa, plan, RotatedRows<C>{staged, d, staged, d, 1, d});
        narrow_run(call.isa, staged, d, y.row(r) + c);
      }
    }
  }
}

// One tile of at most kColumnTile columns.
template <class T>
void rotate_columns_by(Isa isa, const RotationPlan<T>& plan, const RotatedRows<T>& job, T* tile) {
#if ROSTE_X86_KERNELS
  if constexpr (std::same_as<T, float>) {
    if (job.cols == kColumnTile) {
      if (isa == Isa::kAvx512) return simd::avx512::rotate_columns(plan, job, tile);
      if (isa == Isa::kAvx2) return simd::avx2::rotate_columns(plan, job, tile);
    }
  }
#endif
  static_cast<void>(isa);
  rotate_columns_portable(plan, job, tile);
}

// The same through a copy in the tile: columns at the edge, and types that are not computed in.
template <class T>
void rotate_copied_columns(const RotationCall& call, const RotationPlan<Computed<T>>& plan,
                           const RotatedRows<T>& job, Computed<T>* tile) {
  using C = Computed<T>;
  for (std::int64_t r = 0; r < plan.size; ++r) {
    C* to = tile + r * kColumnTile;
    if constexpr (Number<T>) {
      widen_run(call.isa, job.x + r * job.x_stride, job.cols, to);
    } else {
      std::copy_n(job.x + r * job.x_stride, job.cols, to);
    }
    std::fill(to + job.cols, to + kColumnTile, C{0});
  }
  rotate_columns_by(call.isa, plan,
                    RotatedRows<C>{tile, kColumnTile, tile, kColumnTile, plan.size, kColumnTile},
                    tile);
  for (std::int64_t r = 0; r < plan.size; ++r) {
    const C* from = tile + r * kColumnTile;
    if constexpr (Number<T>) {
      narrow_run(call.isa, from, job.cols, job.y + r * job.y_stride);
    } else {
      std::copy_n(from, job.cols, job.y + r * job.y_stride);
    }
  }
}

// memory [columns_memory()].
template <class T>
void rotate_matrix_columns(const RotationCall& call, MatrixView<const T> x, MatrixView<T> y,
                           std::span<Computed<T>> memory) {
  using C = Computed<T>;
  const RotationPlan<C> plan(call.rotation, call.side, memory.data());
  C* tile = memory.data() + table_numbers(call.rotation);
  for (std::int64_t r = 0; r < x.rows; r += plan.size) {
    for (std::int64_t c = 0; c < x.cols; c += kColumnTile) {
      const RotatedRows<T> job{x.row(r) + c, x.stride,  y.row(r) + c,
                               y.stride,     plan.size, std::min(kColumnTile, x.cols - c)};
      if constexpr (std::same_as<T, C>) {
        if (job.cols == kColumnTile) {
          rotate_columns_by(call.isa, plan, job, tile);
          continue;
        }
      }
      rotate_copied_columns(call, plan, job, tile);
    }
  }
}

}  // namespace roste::cpu::detail
