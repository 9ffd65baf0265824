// Which values of a rows x cols matrix share a scale.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

namespace roste {

// What becomes of the end of a row that is not a whole group: an error, or a shorter last group.
enum class Tail { kRefuse, kShorter };

// Granularity at run time; spec.h names it as types.
struct Grouping {
  enum class Kind { kTensor, kRow, kGroup };
  Kind kind = Kind::kRow;
  std::int64_t size = 0;      // values of a group, for kGroup only
  Tail tail = Tail::kRefuse;  // for kGroup only
};

// The groups of one matrix. A group is `runs_per_group` runs of `run` values that are consecutive
// in a row: the whole rows of a tensor, one row, or a part of a row.
struct GroupLayout {
  std::int64_t run = 0;
  std::int64_t runs_per_group = 1;
  std::int64_t groups_per_row = 1;
  std::int64_t count = 0;  // groups of the matrix, 0 for an empty one
  std::int64_t cols = 0;

  // Where run r of group g starts. Whole rows need no division.
  std::int64_t row_of(std::int64_t g, std::int64_t r) const {
    return (groups_per_row == 1 ? g : g / groups_per_row) + r;
  }
  std::int64_t col_of(std::int64_t g) const {
    return groups_per_row == 1 ? 0 : g % groups_per_row * run;
  }
  // Values of a run of group g: `run`, or fewer in the last group of a row (Tail::kShorter).
  std::int64_t run_of(std::int64_t g) const { return std::min(run, cols - col_of(g)); }
};

// The layout of a rows x cols matrix. Throws std::invalid_argument when a shape is negative or has
// 2^63 values or more, a group size is not positive, or it does not divide cols under
// Tail::kRefuse.
inline GroupLayout group_layout(Grouping grouping, std::int64_t rows, std::int64_t cols) {
  if (rows < 0 || cols < 0) {
    throw std::invalid_argument("roste: groups of a " + std::to_string(rows) + " x " +
                                std::to_string(cols) + " matrix; expected sizes >= 0");
  }
  if (cols > 0 && rows > std::numeric_limits<std::int64_t>::max() / cols) {
    throw std::invalid_argument("roste: groups of a " + std::to_string(rows) + " x " +
                                std::to_string(cols) + " matrix; expected fewer than 2^63 values");
  }
  const bool parts = grouping.kind == Grouping::Kind::kGroup;
  const bool may_be_shorter = grouping.tail == Tail::kShorter;
  if (parts && (grouping.size <= 0 || (cols % grouping.size != 0 && !may_be_shorter))) {
    throw std::invalid_argument("roste: a group of " + std::to_string(grouping.size) +
                                " values does not divide rows of " + std::to_string(cols) +
                                "; expected a divisor, or Tail::kShorter");
  }
  if (rows == 0 || cols == 0) return {};
  if (grouping.kind == Grouping::Kind::kTensor) return {cols, rows, 1, 1, cols};
  const std::int64_t run = parts ? std::min(grouping.size, cols) : cols;
  const std::int64_t per_row = (cols - 1) / run + 1;
  return {run, 1, per_row, rows * per_row, cols};
}

}  // namespace roste
