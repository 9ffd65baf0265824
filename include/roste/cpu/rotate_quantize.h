// Rotates rows and quantizes them in one pass: x is read once, codes are written once, and rotated
// values stay in the nearest cache in between.
//
// Everywhere the result has the bits of rotate_rows in float followed by quantize or
// quantize_packed: values of 16 bits are not rounded between the two. Groups are rows or parts of
// rows; PerTensor would need all rotated values before the first code.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "roste/core/quantizer.h"
#include "roste/cpu/quantize.h"
#include "roste/cpu/quantize_packed.h"
#include "roste/cpu/rotate.h"

namespace roste::cpu {
namespace detail {

inline constexpr std::int64_t kStripFloats = 8192;  // 32 KiB, two thirds of an L1 cache of 48 KiB

// Rows that are rotated before they are quantized.
inline std::int64_t strip_rows(std::int64_t cols) {
  return std::max<std::int64_t>(1, kStripFloats / std::max<std::int64_t>(cols, 1));
}

}  // namespace detail

// Floats of workspace for rotate_quantize and rotate_quantize_packed of rows of `cols` values.
inline std::int64_t rotate_quantize_workspace(const Rotation& rotation, std::int64_t cols) {
  return rotate_workspace(rotation) + detail::strip_rows(cols) * cols;
}

// Memory of the caller's, and the instruction set.
struct RotateWithin {
  std::span<float> workspace;
  Isa isa = best_isa();
};

namespace detail {

// The groups of a row. Throws where a group is more than one row.
inline std::int64_t groups_of_row(const Scheme& scheme, std::int64_t cols) {
  if (scheme.grouping.kind == Grouping::Kind::kTensor) {
    throw std::invalid_argument(
        "roste: rotating and quantizing in one pass with one group per tensor; expected groups of "
        "a row or less");
  }
  return group_layout(scheme.grouping, 1, cols).groups_per_row;
}

template <class T>
MatrixView<T> some_rows(MatrixView<T> x, std::int64_t first, std::int64_t count) {
  return {x.row(first), count, x.cols, x.stride};
}

// strip := x R in float; `after` is read next, if it is not null.
template <ReadNumber T>
void rotate_strip(const RotationCall& call, MatrixView<T> x, T* after, std::span<float> memory,
                  MatrixView<float> strip) {
  const RotationPlan<float> plan(call.rotation, call.side, memory.data());
  RotatedRows<float> job{strip.data, strip.stride, strip.data, strip.stride, x.rows, x.cols};
  if constexpr (std::same_as<std::remove_const_t<T>, float>) {
    job.x = x.data;
    job.x_stride = x.stride;
    job.after = after;
  } else {
    for (std::int64_t r = 0; r < x.rows; ++r) widen_run(call.isa, x.row(r), x.cols, strip.row(r));
  }
  rotate_rows_by(call.isa, plan, joined_rows(job));
}

// The error of a strip as one of x: the value at fault there, if it was not finite before it was
// rotated.
template <ReadNumber T>
[[noreturn]] void throw_non_finite_of(MatrixView<T> x, const NonFiniteError& of_strip,
                                      std::int64_t first_row) {
  const NonFiniteError error = of_strip.below(first_row);
  for (std::int64_t c = 0; c < x.cols; ++c) {
    const float value = to_float(x.row(error.row())[c]);
    if (!std::isfinite(value)) throw NonFiniteError(value, error.row(), c);
  }
  throw error;
}

// Throws unless x can be rotated within; returns the memory to use.
template <ReadNumber T>
std::span<float> checked_memory(const Rotation& rotation, MatrixView<T> x,
                                const RotateWithin& within) {
  check_rotated_length("columns", x.cols, rotation);
  check_workspace("rotating and quantizing", within.workspace.size(),
                  rotate_quantize_workspace(rotation, x.cols));
  return aligned(within.workspace);
}

// Calls finish(strip, first row) for the rotated strips of x, in order of the rows.
template <ReadNumber T, class Finish>
void for_each_strip(const Rotation& rotation, MatrixView<T> x, const RotateWithin& within,
                    Finish&& finish) {
  const std::span<float> memory = checked_memory(rotation, x, within);
  if (x.cols == 0) return;
  float* values = memory.data() + table_numbers(rotation);
  const std::int64_t most = strip_rows(x.cols);
  for (std::int64_t first = 0; first < x.rows; first += most) {
    const std::int64_t count = std::min(most, x.rows - first);
    const MatrixView<float> strip(values, count, x.cols);
    rotate_strip({rotation, Side::kPlain, within.isa}, some_rows(x, first, count),
                 first + count < x.rows ? x.row(first + count) : nullptr, memory, strip);
    try {
      finish(strip, first);
    } catch (const NonFiniteError& error) {
      throw_non_finite_of(x, error, first);
    }
  }
}

#if ROSTE_X86_KERNELS
// y := row r of x, rotated. Returns its extremes; throws as the verbs do.
template <ReadNumber T>
Scan rotate_scanned_row(Isa isa, const RotationPlan<float>& plan, MatrixView<T> x, std::int64_t r,
                        float* y) {
  RotatedRows<float> row{y, x.cols, y, x.cols, 1, x.cols};
  if constexpr (std::same_as<std::remove_const_t<T>, float>) {
    row.x = x.row(r);
    row.after = r + 1 < x.rows ? x.row(r + 1) : nullptr;
  } else {
    widen_run(isa, x.row(r), x.cols, y);
  }
  const Scan scan = scan_rotated_row(isa, plan, row);
  for (std::int64_t c = 0; c < x.cols && !scan.finite(); ++c) {
    if (!std::isfinite(y[c])) throw_non_finite_of(x, NonFiniteError(y[c], 0, c), r);
  }
  return scan;
}

// Calls finish(row, run, group) for the rows of x, rotated, each a group. Where two rows fit the L1
// cache, the next one is rotated before finish is called and fitted after it: of two chains of
// dependent operations, extremes over lanes and divisions, each runs in the shadow of a row's work.
template <ReadNumber T, class Finish>
void for_each_scanned_row(const RotationPlan<float>& plan, const Grid& grid, MatrixView<T> x,
                          const RotateWithin& within, Finish&& finish) {
  float* values = aligned(within.workspace).data();
  const std::int64_t lead = strip_rows(x.cols) > 1 ? 1 : 0;
  const auto rotated = [&](std::int64_t r) { return values + r * lead % 2 * x.cols; };
  FittedGroup group;  // of the row to finish
  for (std::int64_t r = -lead; r < x.rows; ++r) {
    const std::int64_t next = r + lead;
    Scan scan;
    if (next < x.rows) scan = rotate_scanned_row(within.isa, plan, x, next, rotated(next));
    if (lead == 0) group = fit_scanned(grid, scan);
    if (r >= 0) finish(r, FloatRun{rotated(r), x.cols, nullptr, group.range}, group);
    if (lead == 1 && next < x.rows) group = fit_scanned(grid, scan);
  }
}
#endif

// for_each_scanned_row, where rows are groups and there are kernels for it; else false.
template <ReadNumber T, class Finish>
bool rotated_by_rows(const Rotation& rotation, const Scheme& scheme, MatrixView<T> x,
                     const RotateWithin& within, Finish&& finish) {
#if ROSTE_X86_KERNELS
  const std::span<float> memory = checked_memory(rotation, x, within);
  const RotationPlan<float> plan(rotation, Side::kPlain, memory.data());
  if (!scans_rotated_rows(within.isa, plan) || groups_of_row(scheme, x.cols) != 1) return false;
  for_each_scanned_row(plan, scheme.grid, x, within, finish);
  return true;
#else
  return false;
#endif
}

inline RotateWithin with_memory(UnsetVector<float>& memory, const Rotation& rotation,
                                std::int64_t cols, Isa isa) {
  memory.resize(static_cast<std::size_t>(rotate_quantize_workspace(rotation, cols)));
  return {memory, isa};
}

}  // namespace detail

// Codes of x R and the params of their groups, for R as in rotate_rows. x [rows, a multiple of d],
// codes [rows, cols], params one per group; x stays as it is. Allocates nothing outside of the
// workspace of rotate_quantize_workspace(). Throws NonFiniteError, which names a value of x, and
// std::invalid_argument for shapes, params, a code type or a workspace that do not fit and for
// PerTensor.
template <ReadNumber T, CodeType Code>
void rotate_quantize(const Rotation& rotation, const Scheme& scheme, MatrixView<T> x,
                     std::span<GroupParams> params, MatrixView<Code> codes,
                     const RotateWithin& within) {
  const std::int64_t groups = detail::groups_of_row(scheme, x.cols);
  detail::check_params(group_layout(scheme.grouping, x.rows, x.cols), params.size());
  detail::check_same_shape("encoding", x, codes);
  detail::check_code_type<Code>(scheme.grid.codes);
  if (detail::rotated_by_rows(
          rotation, scheme, x, within,
          [&](std::int64_t row, const detail::FloatRun& run, const detail::FittedGroup& group) {
            params[static_cast<std::size_t>(row)] = group;
            detail::encode_run(within.isa, run, group, scheme.grid.codes, codes.row(row));
          })) {
    return;
  }
  detail::for_each_strip(rotation, x, within, [&](MatrixView<float> strip, std::int64_t first) {
    quantize(scheme, strip,
             params.subspan(static_cast<std::size_t>(first * groups),
                            static_cast<std::size_t>(strip.rows * groups)),
             detail::some_rows(codes, first, strip.rows), within.isa);
  });
}

// The same with memory of its own.
template <ReadNumber T, CodeType Code>
void rotate_quantize(const Rotation& rotation, const Scheme& scheme, MatrixView<T> x,
                     std::span<GroupParams> params, MatrixView<Code> codes, Isa isa = best_isa()) {
  UnsetVector<float> memory;
  rotate_quantize(rotation, scheme, x, params, codes,
                  detail::with_memory(memory, rotation, x.cols, isa));
}

// rotate_quantize to packed codes: bytes [rows, packed_bytes(cols, bits)] as quantize_packed
// writes them. Throws as rotate_quantize and quantize_packed do.
template <ReadNumber T>
void rotate_quantize_packed(const Rotation& rotation, const Scheme& scheme, MatrixView<T> x,
                            std::span<GroupParams> params, MatrixView<std::uint8_t> bytes,
                            const RotateWithin& within) {
  const std::int64_t groups = detail::groups_of_row(scheme, x.cols);
  detail::check_params(group_layout(scheme.grouping, x.rows, x.cols), params.size());
  detail::check_packed_shape(scheme.grid.codes, x.rows, x.cols, bytes);
  if (detail::rotated_by_rows(
          rotation, scheme, x, within,
          [&](std::int64_t row, detail::FloatRun run, const detail::FittedGroup& group) {
            params[static_cast<std::size_t>(row)] = group;
            if (row + 1 < bytes.rows) run.bytes_ahead = bytes.row(row + 1);
            detail::encode_packed_run(within.isa, run, group, scheme.grid.codes, bytes.row(row));
          })) {
    return;
  }
  detail::for_each_strip(rotation, x, within, [&](MatrixView<float> strip, std::int64_t first) {
    quantize_packed(scheme, strip,
                    params.subspan(static_cast<std::size_t>(first * groups),
                                   static_cast<std::size_t>(strip.rows * groups)),
                    detail::some_rows(bytes, first, strip.rows), within.isa);
  });
}

// The same with memory of its own.
template <ReadNumber T>
void rotate_quantize_packed(const Rotation& rotation, const Scheme& scheme, MatrixView<T> x,
                            std::span<GroupParams> params, MatrixView<std::uint8_t> bytes,
                            Isa isa = best_isa()) {
  UnsetVector<float> memory;
  rotate_quantize_packed(rotation, scheme, x, params, bytes,
                         detail::with_memory(memory, rotation, x.cols, isa));
}

}  // namespace roste::cpu
