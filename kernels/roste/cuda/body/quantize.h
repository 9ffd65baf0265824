// The kernel behind fit, quantize, fake_quantize and their rotated forms, for groups of at most
// 32768 values: one read of x, one write of each result.
#pragma once

#include <cstdint>

#include "roste/core/grid.h"
#include "roste/cuda/body/codes.h"
#include "roste/cuda/body/hadamard.h"
#include "roste/cuda/body/range.h"
#include "roste/cuda/matrix.h"

namespace roste::cuda {

// Lines and the groups in them; see plan.h.
struct GroupedLines {
  Lines lines;
  std::int32_t group_threads = 0;  // that share a scale
  std::int32_t groups_per_line = 1;
};

// What is not wanted has null data.
template <class T>
struct QuantizeJob {
  DeviceMatrix<const T> x;
  GroupedLines grouped;
  RotationView rotation;
  Grid grid;
  std::uint64_t* first_non_finite;
  GroupParams* params;             // [groups]
  CodeMatrix<std::uint8_t> codes;  // of x, or of x R
  DeviceMatrix<T> values;          // what the codes stand for; may be x
};

namespace detail {

template <int kLog2Values, class T, class Team>
ROSTE_KERNEL void load_tile(Tile<kLog2Values, Team>& tile, const DeviceMatrix<const T>& x,
                            typename Tile<kLog2Values, Team>::Chunks& values) {
  tile.team.each([&](int t) {
    const Place p = tile.place(t);
    values[t] = load_chunk<1 << kLog2Values>(x.row(p.row) + p.col, p.count);
  });
}

// The range of each thread's group.
template <int kLog2Values, class Job, class Team>
ROSTE_KERNEL void scan_tile(Tile<kLog2Values, Team>& tile, const Job& job,
                            typename Tile<kLog2Values, Team>::Chunks& values,
                            typename Team::template Private<Range>& ranges) {
  tile.team.each([&](int t) {
    const Place p = tile.place(t);
    ranges[t] =
        range_of<Team>(values[t], p.count, p.row * job.x.cols + p.col, job.first_non_finite);
  });
  tile.team.reduce(ranges, job.grouped.group_threads, MergeRanges{});
}

// Codes and quantized values of a piece that starts at (row, col).
template <int kValues, class T>
ROSTE_KERNEL void write_piece(const QuantizeJob<T>& job, GroupParams params, int count,
                              const Chunk<kValues>& values, std::int64_t row, std::int64_t col) {
  if (job.codes.data != nullptr) {
    store_codes(encode_chunk(values, params, job.grid.codes), count, job.grid.codes.min, job.codes,
                row, col);
  }
  if (job.values.data == nullptr) return;
  Chunk<kValues> quantized;
  ROSTE_UNROLLED
  for (int i = 0; i < kValues; ++i) {
    quantized.v[i] = fake_quantize_value(values.v[i], params, job.grid.codes);
  }
  store_chunk(quantized, count, job.values.row(row) + col);
}

// What becomes of one thread's values.
template <int kValues, class T>
ROSTE_KERNEL void write_results(const QuantizeJob<T>& job, const Place& p, GroupParams params,
                                const Chunk<kValues>& values) {
  const std::int32_t threads = job.grouped.group_threads;
  if (job.params != nullptr && p.chunk % threads == 0) {
    const std::int64_t first = static_cast<std::int64_t>(p.line) * job.grouped.groups_per_line;
    job.params[first + p.chunk / threads] = params;
  }
  constexpr int kCount =
      kValues <= 16 ? kValues : 8;  // results at once; 32 cost too many registers
  ROSTE_UNROLLED
  for (int first = 0; first < kValues; first += kCount) {
    Chunk<kCount> piece;
    ROSTE_UNROLLED
    for (int i = 0; i < kCount; ++i) piece.v[i] = values.v[first + i];
    const int left = p.count - first;
    if (left > 0) {
      write_piece(job, params, left < kCount ? left : kCount, piece, p.row, p.col + first);
    }
  }
}

}  // namespace detail

// One tile of lines per block.
template <int kLog2Values, class T, class Team>
ROSTE_KERNEL void quantize_body(Team& team, const QuantizeJob<T>& job) {
  auto shared = team.template shared<float>(job.grouped.lines.per_tile *
                                            shared_line<kLog2Values>(job.grouped.lines.length));
  Tile<kLog2Values, Team> tile{team, job.grouped.lines, team.block(), shared};
  typename Tile<kLog2Values, Team>::Chunks values(team);
  typename Team::template Private<Range> ranges(team);
  detail::load_tile<kLog2Values>(tile, job.x, values);
  rotate_tile<kLog2Values>(tile, job.rotation, values);
  detail::scan_tile<kLog2Values>(tile, job, values, ranges);
  team.each([&](int t) {
    const Place p = tile.place(t);
    if (p.count == 0) return;
    const GroupParams params = fit_finite(job.grid, ranges[t]);
    detail::write_results(job, p, params, values[t]);
  });
}

}  // namespace roste::cuda
