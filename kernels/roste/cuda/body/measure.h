// The kernels behind measure.cuh: sums of errors in double, added in an order that depends on the
// shape alone. Each thread adds up its own values in ascending order, threads fold as Team::reduce
// does, and so do the sums of blocks, in further launches.
#pragma once

#include <cstdint>

#include "roste/core/error.h"
#include "roste/cuda/body/quantize.h"

namespace roste::cuda {

// Blocks that fold the sums of other blocks; one more block folds theirs.
inline constexpr int kMergeBlocks = 64;

template <class T>
struct MeasureJob {
  DeviceMatrix<const T> x;
  GroupedLines grouped;
  RotationView rotation;
  Grid grid;
  std::uint64_t* first_non_finite;
  ErrorSums* sums;  // [tiles]
};

struct MergeErrors {
  ROSTE_KERNEL ErrorSums operator()(ErrorSums a, const ErrorSums& b) const {
    a.merge(b);
    return a;
  }
};

namespace detail {

// Adds the first `count` values.
template <int kValues>
ROSTE_KERNEL void add_errors(const Chunk<kValues>& values, int count, GroupParams params,
                             CodeRange codes, ErrorSums& sums) {
  ROSTE_UNROLLED
  for (int i = 0; i < kValues; ++i) {
    if (i >= count) continue;
    sums.add(values.v[i], fake_quantize_value(values.v[i], params, codes));
    sums.saturated += saturates(values.v[i], params, codes) ? 1 : 0;
  }
}

// Folds the threads' sums and leaves them at sums[block].
template <class Team>
ROSTE_KERNEL void write_errors(Team& team, typename Team::template Private<ErrorSums>& errors,
                               ErrorSums* sums) {
  team.reduce(errors, team.threads(), MergeErrors{});
  team.each([&](int t) {
    if (t == 0) sums[team.block()] = errors[t];
  });
}

}  // namespace detail

// One tile of lines per block.
template <int kLog2Values, class T, class Team>
ROSTE_KERNEL void measure_body(Team& team, const MeasureJob<T>& job) {
  auto shared = team.template shared<float>(job.grouped.lines.per_tile *
                                            shared_line<kLog2Values>(job.grouped.lines.length));
  Tile<kLog2Values, Team> tile{team, job.grouped.lines, team.block(), shared};
  typename Tile<kLog2Values, Team>::Chunks values(team);
  typename Team::template Private<Range> ranges(team);
  typename Team::template Private<ErrorSums> errors(team);
  detail::load_tile<kLog2Values>(tile, job.x, values);
  rotate_tile<kLog2Values>(tile, job.rotation, values);
  detail::scan_tile<kLog2Values>(tile, job, values, ranges);
  team.each([&](int t) {
    errors[t] = {};
    const GroupParams params = fit_finite(job.grid, ranges[t]);
    detail::add_errors(values[t], tile.place(t).count, params, job.grid.codes, errors[t]);
  });
  detail::write_errors(team, errors, job.sums);
}

struct MergeErrorsJob {
  const ErrorSums* parts;  // [count]
  std::int64_t count;
  ErrorSums* sums;  // [blocks]
};

// Thread i of all blocks takes the parts i, i + threads, ...
template <class Team>
ROSTE_KERNEL void merge_errors_body(Team& team, const MergeErrorsJob& job) {
  typename Team::template Private<ErrorSums> errors(team);
  team.each([&](int t) {
    ErrorSums sums;
    for (std::int64_t i = team.block() * team.threads() + t; i < job.count;
         i += team.blocks() * team.threads()) {
      sums.merge(job.parts[i]);
    }
    errors[t] = sums;
  });
  detail::write_errors(team, errors, job.sums);
}

}  // namespace roste::cuda
