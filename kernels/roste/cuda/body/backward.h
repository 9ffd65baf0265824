// The kernel behind rotated_fake_quantize_backward: dx := (dy masked by the rule) R^T, eq. (15), in
// one pass.
#pragma once

#include "roste/core/ste.h"
#include "roste/cuda/body/elements.h"
#include "roste/cuda/body/hadamard.h"
#include "roste/cuda/matrix.h"

namespace roste::cuda {

template <class T>
struct RotatedSteJob {
  SteJob<T> ste;  // x is the rotated input of the quantizer
  Lines lines;
  RotationView rotation;  // transposed
};

namespace detail {

// One thread's gradients behind the rule, a few at a time to spare registers. A group may end
// inside of a chunk, so every value looks up its own parameters.
template <SteRule Rule, int kValues, class T>
ROSTE_KERNEL void mask_chunk(const SteJob<T>& job, const Place& p, Chunk<kValues>& gradient) {
  constexpr int kCount = kValues < 8 ? kValues : 8;
  const std::int64_t group = p.row * job.elements.groups_of_row;
  ROSTE_UNROLLED
  for (int first = 0; first < kValues; first += kCount) {
    const std::int32_t col = p.col + first;
    const int left = p.count - first;
    if (left <= 0) continue;
    const Chunk<kCount> x =
        load_chunk<kCount>(job.x.row(p.row) + col, left < kCount ? left : kCount);
    ROSTE_UNROLLED
    for (int i = 0; i < kCount; ++i) {
      if (i >= left) continue;
      const GroupParams params = job.params[group + (col + i) / job.elements.run];
      float& dy = gradient.v[first + i];
      dy = ste_gradient<Rule>(x.v[i], params, job.grid.codes, dy);
    }
  }
}

}  // namespace detail

template <SteRule Rule, int kLog2Values, class T, class Team>
ROSTE_KERNEL void rotated_ste_body(Team& team, const RotatedSteJob<T>& job) {
  constexpr int kValues = 1 << kLog2Values;
  auto shared =
      team.template shared<float>(job.lines.per_tile * shared_line<kLog2Values>(job.lines.length));
  Tile<kLog2Values, Team> tile{team, job.lines, team.block(), shared};
  typename Tile<kLog2Values, Team>::Chunks gradients(team);
  team.each([&](int t) {
    const Place p = tile.place(t);
    gradients[t] = load_chunk<kValues>(job.ste.dy.row(p.row) + p.col, p.count);
    detail::mask_chunk<Rule>(job.ste, p, gradients[t]);
  });
  rotate_tile<kLog2Values>(tile, job.rotation, gradients);
  team.each([&](int t) {
    const Place p = tile.place(t);
    store_chunk(gradients[t], p.count, job.ste.dx.row(p.row) + p.col);
  });
}

}  // namespace roste::cuda
