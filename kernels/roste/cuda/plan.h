// Which kernel and which lines a verb takes for a shape: decided on the host, without CUDA.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "roste/core/groups.h"
#include "roste/cuda/body/elements.h"
#include "roste/cuda/body/fit.h"
#include "roste/cuda/body/lines.h"
#include "roste/cuda/body/quantize.h"
#include "roste/cuda/rotation_tables.h"
#include "roste/cuda/team/kernel_function.h"

namespace roste::cuda {

// m 2^k, the values that a rotation mixes.
inline std::int64_t rotation_block(const RotationView& rotation) {
  return static_cast<std::int64_t>(rotation.base_order) << rotation.log2_inner;
}

// Throws std::invalid_argument unless cols is a multiple of the rotation's dimension.
inline void check_rotated_columns(const RotationView& rotation, std::int64_t cols) {
  if (cols % rotation.size == 0) return;
  throw std::invalid_argument("roste: rotation of dimension " + std::to_string(rotation.size) +
                              " of a matrix with " + std::to_string(cols) +
                              " columns; expected a multiple");
}

// log2 of the values that a thread holds of such a line: 16; 32 where 1024 threads would not be
// enough; 4 where butterflies span fewer than 16 values.
inline int log2_values(const RotationView& rotation, std::int64_t length) {
  if (rotation.size != 0 && rotation.log2_inner < 4) return 2;
  return length <= 16 * kLargestBlock ? 4 : 5;
}

// f(std::integral_constant<int, log2_values>{}) for the values of log2_values that kernels exist
// for.
template <class F>
void with_values(int log2_values, F&& f) {
  if (log2_values == 2) return f(std::integral_constant<int, 2>{});
  if (log2_values == 4) return f(std::integral_constant<int, 4>{});
  f(std::integral_constant<int, 5>{});
}

// Lines and groups for the kernels of body/quantize.h and body/measure.h.
struct GroupPlan {
  int log2_values = 4;
  GroupedLines grouped;
};

// True when one line holds whole groups, so that one pass over x is enough.
inline bool fits_line(const GroupLayout& layout, const RotationView& rotation) {
  return layout.runs_per_group == 1 && layout.run <= kLongestLine &&
         (rotation.size == 0 || rotation_block(rotation) <= kLongestLine);
}

// The plan for groups of layout.run values and, where rotation.size is not 0, rotated rows. Throws
// std::invalid_argument where groups and blocks of the rotation do not nest.
inline GroupPlan plan_groups(std::int64_t rows, std::int64_t cols, const GroupLayout& layout,
                             const RotationView& rotation) {
  const std::int64_t block = rotation.size == 0 ? 1 : rotation_block(rotation);
  const bool nested = layout.run % block == 0 && (block == 1 || cols % layout.run == 0);
  const std::int64_t length = nested ? layout.run : block;
  GroupPlan plan;
  plan.log2_values = log2_values(rotation, length);
  plan.grouped.lines = plan_lines(rows, cols, length, 1 << plan.log2_values);
  plan.grouped.group_threads = plan.grouped.lines.threads;
  if (nested) return plan;
  plan.grouped.groups_per_line = static_cast<std::int32_t>(block / layout.run);
  plan.grouped.group_threads = static_cast<std::int32_t>(layout.run >> plan.log2_values);
  const bool whole = block % layout.run == 0 && layout.run % (1 << plan.log2_values) == 0;
  if (whole && can_reduce(plan.grouped.group_threads)) return plan;
  throw std::invalid_argument(
      "roste: groups of " + std::to_string(layout.run) + " values of rotated blocks of " +
      std::to_string(block) + "; one pass needs groups of whole blocks, or of " +
      std::to_string(1 << plan.log2_values) + " times a power of two; rotate first, then quantize");
}

// Throws std::invalid_argument unless groups longer than a line are whole rows or the whole matrix
// and not rotated on the way.
inline void check_long_groups(const GroupLayout& layout, const RotationView& rotation) {
  if (rotation.size == 0 && layout.groups_per_row == 1) return;
  throw std::invalid_argument(
      "roste: one pass over groups of " + std::to_string(layout.run) + " x " +
      std::to_string(layout.runs_per_group) + " values" +
      (rotation.size == 0 ? "" : " behind a rotation of " + std::to_string(rotation.size)) +
      "; expected at most " + std::to_string(kLongestLine) +
      " in a row; rotate first, then quantize by rows or by the tensor");
}

// Blocks that scan one group of whole rows; at most kLargestBlock, each with several steps to make.
inline std::int32_t scan_parts(const GroupLayout& layout, std::int64_t rows, std::int64_t cols) {
  const std::int64_t of_group = layout.runs_per_group == 1 ? cols : rows * cols;
  constexpr std::int64_t kPerBlock = std::int64_t{kPreferredBlock} * kScanned * 4;
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(of_group / kPerBlock, 1, kLargestBlock));
}

// The matrix in pieces. Throws std::invalid_argument for 2^31 rows, columns or blocks of pieces.
inline Elements plan_elements(const GroupLayout& layout, std::int64_t rows, std::int64_t cols) {
  constexpr std::int64_t kLargest = std::numeric_limits<std::int32_t>::max();
  const std::int64_t per_row = (cols + kElements - 1) / kElements;
  if (rows > kLargest || cols > kLargest || rows * per_row / kPreferredBlock >= kLargest) {
    throw std::invalid_argument("roste: a " + std::to_string(rows) + " x " + std::to_string(cols) +
                                " matrix; expected fewer than 2^31 rows, columns and blocks");
  }
  Elements elements;
  elements.rows = static_cast<std::int32_t>(rows);
  elements.cols = static_cast<std::int32_t>(cols);
  elements.per_row = static_cast<std::int32_t>(per_row);
  elements.run = static_cast<std::int32_t>(layout.run);
  elements.groups_of_row =
      layout.runs_per_group == 1 ? static_cast<std::int32_t>(layout.groups_per_row) : 0;
  return elements;
}

}  // namespace roste::cuda
