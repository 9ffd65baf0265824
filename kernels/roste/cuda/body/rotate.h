// The kernel behind rotate.cuh: y := x R or x R^T, one read and one write of each value.
#pragma once

#include <cstdint>

#include "roste/cuda/body/hadamard.h"
#include "roste/cuda/matrix.h"

namespace roste::cuda {

template <class T>
struct RotateJob {
  DeviceMatrix<const T> x;
  DeviceMatrix<T> y;  // may be x
  Lines lines;
  RotationView rotation;
};

// One tile of lines per block.
template <int kLog2Values, class T, class Team>
ROSTE_KERNEL void rotate_body(Team& team, const RotateJob<T>& job) {
  constexpr int kValues = 1 << kLog2Values;
  auto shared =
      team.template shared<float>(job.lines.per_tile * shared_line<kLog2Values>(job.lines.length));
  Tile<kLog2Values, Team> tile{team, job.lines, team.block(), shared};
  typename Team::template Private<Chunk<kValues>> values(team);
  team.each([&](int t) {
    const Place p = tile.place(t);
    values[t] = load_chunk<kValues>(job.x.row(p.row) + p.col, p.count);
  });
  rotate_tile<kLog2Values>(tile, job.rotation, values);
  team.each([&](int t) {
    const Place p = tile.place(t);
    store_chunk(values[t], p.count, job.y.row(p.row) + p.col);
  });
}

}  // namespace roste::cuda
