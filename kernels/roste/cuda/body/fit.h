// Scale and zero point of groups that are longer than a line: a whole tensor, or long rows. Blocks
// scan parts of a group, then a block per group folds the parts.
#pragma once

#include <cstdint>

#include "roste/core/grid.h"
#include "roste/cuda/body/chunk.h"
#include "roste/cuda/body/range.h"
#include "roste/cuda/matrix.h"

namespace roste::cuda {

inline constexpr int kScanned = 16;  // consecutive values of a thread in each step

// `parts` blocks for each group; a group is the whole matrix, or a row where rows_of_group is 1.
template <class T>
struct ScanJob {
  DeviceMatrix<const T> x;
  std::int64_t rows_of_group;
  std::int32_t parts;
  std::uint64_t* first_non_finite;
  Range* ranges;  // [groups, parts]
};

template <class T, class Team>
ROSTE_KERNEL void scan_body(Team& team, const ScanJob<T>& job) {
  typename Team::template Private<Range> ranges(team);
  const std::int64_t group = team.block() / job.parts, part = team.block() % job.parts;
  const std::int64_t per_row = (job.x.cols + kScanned - 1) / kScanned;
  team.each([&](int t) {
    Range range;
    for (std::int64_t i = part * team.threads() + t; i < per_row * job.rows_of_group;
         i += static_cast<std::int64_t>(job.parts) * team.threads()) {
      const std::int64_t row = group * job.rows_of_group + i / per_row;
      const std::int64_t col = i % per_row * kScanned, left = job.x.cols - col;
      const int count = left < kScanned ? static_cast<int>(left) : kScanned;
      const Chunk<kScanned> x = load_chunk<kScanned>(job.x.row(row) + col, count);
      range = MergeRanges{}(range,
                            range_of<Team>(x, count, row * job.x.cols + col, job.first_non_finite));
    }
    ranges[t] = range;
  });
  team.reduce(ranges, team.threads(), MergeRanges{});
  team.each([&](int t) {
    if (t == 0) job.ranges[team.block()] = ranges[t];
  });
}

struct FitJob {
  const Range* ranges;  // [groups, parts]
  std::int32_t parts;
  Grid grid;
  GroupParams* params;  // [groups]
};

// One block per group.
template <class Team>
ROSTE_KERNEL void fit_body(Team& team, const FitJob& job) {
  typename Team::template Private<Range> ranges(team);
  team.each([&](int t) {
    Range range;
    for (int part = t; part < job.parts; part += team.threads()) {
      range = MergeRanges{}(range, job.ranges[team.block() * job.parts + part]);
    }
    ranges[t] = range;
  });
  team.reduce(ranges, team.threads(), MergeRanges{});
  team.each([&](int t) {
    if (t == 0) job.params[team.block()] = fit_finite(job.grid, ranges[t]);
  });
}

}  // namespace roste::cuda
