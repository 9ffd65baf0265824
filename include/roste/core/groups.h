// Which values of a rows x cols matrix share a scale.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace roste {

// Granularity at run time; spec.h names it as types.
struct Grouping {
  enum class Kind { kTensor, kRow, kGroup };
  Kind kind = Kind::kRow;
  std::int64_t size = 0;  // values of a group, for kGroup only
};

// The groups of one matrix. A group is `runs_per_group` runs of `run` values that are consecutive
// in a row: the whole rows of a tensor, one row, or a part of a row.
struct GroupLayout {
  std::int64_t run = 0;
  std::int64_t runs_per_group = 1;
  std::int64_t groups_per_row = 1;
  std::int64_t count = 0;  // groups of the matrix, 0 for an empty one

  // Where run r of group g starts.
  std::int64_t row_of(std::int64_t g, std::int64_t r) const { return g / groups_per_row + r; }
  std::int64_t col_of(std::int64_t g) const { return g % groups_per_row * run; }
};

// The layout of a rows x cols matrix. Throws std::invalid_argument when a shape is negative or a
// group size does not divide cols: there are no tail groups.
inline GroupLayout group_layout(Grouping grouping, std::int64_t rows, std::int64_t cols) {
  if (rows < 0 || cols < 0) {
    throw std::invalid_argument("roste: groups of a " + std::to_string(rows) + " x " +
                                std::to_string(cols) + " matrix; expected sizes >= 0");
  }
  if (grouping.kind == Grouping::Kind::kGroup && (grouping.size <= 0 || cols % grouping.size)) {
    throw std::invalid_argument("roste: a group of " + std::to_string(grouping.size) +
                                " values does not divide rows of " + std::to_string(cols) +
                                "; there are no tail groups");
  }
  if (rows == 0 || cols == 0) return {};
  if (grouping.kind == Grouping::Kind::kTensor) return {cols, rows, 1, 1};
  const std::int64_t run = grouping.kind == Grouping::Kind::kGroup ? grouping.size : cols;
  return {run, 1, cols / run, rows * (cols / run)};
}

}  // namespace roste
