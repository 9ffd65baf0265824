// Rotates the lines that a tile of threads holds, with the additions in the order that
// core/rotation.h and core/base_product.h pin, so that the bits are those of roste::cpu.
//
// A thread's 2^r values are 2^s apart while the butterflies of strides 2^s ... 2^(s + r - 1) run in
// its registers; between such passes values change threads through shared memory. A line of 4096
// takes three passes at r = 4.
#pragma once

#include <cstdint>

#include "roste/core/number_types.h"
#include "roste/cuda/body/chunk.h"
#include "roste/cuda/body/folded_mix.h"
#include "roste/cuda/body/grouped_mix.h"
#include "roste/cuda/body/lines.h"
#include "roste/cuda/rotation_tables.h"
#include "roste/cuda/team/kernel_function.h"

namespace roste::cuda {

// Cells of shared memory that one line takes. One cell in 2^r stays free, so that threads whose
// values lie 2^r apart meet different banks.
template <int kLog2Values>
ROSTE_HD constexpr std::int32_t shared_cell(std::int32_t element) {
  return element + (element >> kLog2Values);
}
template <int kLog2Values>
ROSTE_HD constexpr std::int32_t shared_line(std::int32_t length) {
  return shared_cell<kLog2Values>(length) + 1;
}

namespace detail {

// (a, b) := (a + b, a - b) for the values of stride 2^stage, for stages first ... last - 1.
template <int kLog2Values>
ROSTE_KERNEL void butterfly_stages(int first, int last, Chunk<1 << kLog2Values>& chunk) {
  ROSTE_UNROLLED
  for (int stage = 0; stage < kLog2Values; ++stage) {
    if (stage < first || stage >= last) continue;
    ROSTE_UNROLLED
    for (int i = 0; i < (1 << kLog2Values); ++i) {
      if ((i >> stage & 1) != 0) continue;
      const float a = chunk.v[i], b = chunk.v[i + (1 << stage)];
      chunk.v[i] = a + b;
      chunk.v[i + (1 << stage)] = a - b;
    }
  }
}

// Where a thread holds values that are `near` apart: value j is the element below. In steps of
// four, `far` apart, as nvcc then needs fewer registers.
struct Spread {
  std::int32_t first;
  std::int32_t near;
  std::int32_t far;
  ROSTE_KERNEL std::int32_t element(int j) const { return first + j % 4 * near + j / 4 * far; }
};

// Values that are 2^shift apart. At shift 0 they are consecutive.
template <int kLog2Values>
ROSTE_KERNEL Spread spread_at(int shift, std::int32_t chunk) {
  const std::int32_t low = chunk & ((1 << shift) - 1);
  return {((chunk >> shift) << (shift + kLog2Values)) + low, 1 << shift, 4 << shift};
}

template <int kLog2Values, class Where, int kCount, class Shared>
ROSTE_KERNEL void put(const Where& where, std::int32_t line, const Chunk<kCount>& chunk,
                      Shared& shared) {
  ROSTE_UNROLLED
  for (int j = 0; j < kCount; ++j) {
    shared.store(line + shared_cell<kLog2Values>(where.element(j)), chunk.v[j]);
  }
}

template <int kLog2Values, class Where, int kCount, class Shared>
ROSTE_KERNEL void take(const Where& where, std::int32_t line, Shared& shared,
                       Chunk<kCount>& chunk) {
  ROSTE_UNROLLED
  for (int j = 0; j < kCount; ++j) {
    chunk.v[j] = shared.load(line + shared_cell<kLog2Values>(where.element(j)));
  }
}

}  // namespace detail

// What the passes over one tile share. Team's shared memory holds per_tile * shared_line floats.
template <int kLog2Values, class Team>
struct Tile {
  static constexpr int kValues = 1 << kLog2Values;
  using Chunks = typename Team::template Private<Chunk<kValues>>;
  using SharedFloats = typename Team::template Shared<float>;

  Team& team;
  const Lines& lines;
  std::int64_t index;
  SharedFloats& shared;

  ROSTE_KERNEL Place place(int t) const { return place_of<kValues>(lines, index, t); }
  ROSTE_KERNEL std::int32_t first_cell(const Place& place) const {
    return place.slot * shared_line<kLog2Values>(lines.length);
  }
};

namespace detail {

// A tile's values go into shared memory, where they lie 2^shift apart, or come from there.
template <int kLog2Values, class Team>
ROSTE_KERNEL void put_all(Tile<kLog2Values, Team>& tile, int shift,
                          typename Tile<kLog2Values, Team>::Chunks& values) {
  tile.team.each([&](int t) {
    const Place p = tile.place(t);
    if (p.count == 0) return;
    put<kLog2Values>(spread_at<kLog2Values>(shift, p.chunk), tile.first_cell(p), values[t],
                     tile.shared);
  });
}

template <int kLog2Values, class Team>
ROSTE_KERNEL void take_all(Tile<kLog2Values, Team>& tile, int shift,
                           typename Tile<kLog2Values, Team>::Chunks& values) {
  tile.team.each([&](int t) {
    const Place p = tile.place(t);
    values[t] = {};  // says that registers hold nothing between put_all and here
    if (p.count == 0) return;
    take<kLog2Values>(spread_at<kLog2Values>(shift, p.chunk), tile.first_cell(p), tile.shared,
                      values[t]);
  });
}

// Values change threads. A thread overwrites only cells that it read last itself, so one barrier is
// enough.
template <int kLog2Values, class Team>
ROSTE_KERNEL void exchange(Tile<kLog2Values, Team>& tile, int from, int to,
                           typename Tile<kLog2Values, Team>::Chunks& values) {
  put_all<kLog2Values>(tile, from, values);
  tile.team.sync();
  take_all<kLog2Values>(tile, to, values);
}

// The k butterfly stages. Returns the shift at which values lie afterwards.
template <int kLog2Values, class Team>
ROSTE_KERNEL int mix_inner(Tile<kLog2Values, Team>& tile, int k,
                           typename Tile<kLog2Values, Team>::Chunks& values) {
  tile.team.each([&](int t) { butterfly_stages<kLog2Values>(0, k, values[t]); });
  int shift = 0;
  for (int done = kLog2Values; done < k; done = shift + kLog2Values) {
    const int next = done < k - kLog2Values ? done : k - kLog2Values;
    exchange<kLog2Values>(tile, shift, next, values);
    tile.team.each(
        [&](int t) { butterfly_stages<kLog2Values>(done - next, kLog2Values, values[t]); });
    shift = next;
  }
  return shift;
}

// Step 1 of core/folded_product.h in place in shared memory.
template <int kLog2Values, class Team>
ROSTE_KERNEL void fold_quads(Tile<kLog2Values, Team>& tile, const RotationView& rotation) {
  using Mixed = MixedAt<kLog2Values>;
  tile.team.each([&](int t) {
    const Place p = tile.place(t);
    if (p.count == 0) return;
    ROSTE_ROLLED
    for (int pass = 0; pass < Mixed::kPasses; ++pass) {
      const Mixed mixed(rotation, pass);
      Chunk<Mixed::kSums> values;
      take<kLog2Values>(mixed(p.chunk), tile.first_cell(p), tile.shared, values);
      fold(mixed.quad(p.chunk), values);
      put<kLog2Values>(mixed(p.chunk), tile.first_cell(p), values, tile.shared);
    }
  });
  tile.team.sync();
}

// One pass of the sums over the m blocks, in place in shared memory: passes take different
// positions, so a barrier between all reads and the first write is enough.
template <int kLog2Values, class Team>
ROSTE_KERNEL void mix_base_pass(Tile<kLog2Values, Team>& tile, const RotationView& rotation,
                                int pass) {
  using Mixed = MixedAt<kLog2Values>;
  const Mixed mixed(rotation, pass);
  typename Team::template Private<Chunk<Mixed::kSums>> sums(tile.team);
  tile.team.each([&](int t) {
    const Place p = tile.place(t);
    if (p.count == 0) return;
    const std::int32_t line = tile.first_cell(p);
    const auto load = [&](std::int32_t element) {
      return tile.shared.load(line + shared_cell<kLog2Values>(element));
    };
    if (rotation.quads > 0) {
      folded_sums<kLog2Values>(mixed, rotation, p.chunk, load, sums[t]);
    } else {
      grouped_sums<kLog2Values>(mixed, rotation, p.chunk, load, sums[t]);
    }
  });
  tile.team.sync();
  tile.team.each([&](int t) {
    const Place p = tile.place(t);
    if (p.count > 0) put<kLog2Values>(mixed(p.chunk), tile.first_cell(p), sums[t], tile.shared);
  });
}

// Sums over the m blocks, from values at `shift` to consecutive values.
template <int kLog2Values, class Team>
ROSTE_KERNEL void mix_base(Tile<kLog2Values, Team>& tile, const RotationView& rotation, int shift,
                           typename Tile<kLog2Values, Team>::Chunks& values) {
  put_all<kLog2Values>(tile, shift, values);
  tile.team.sync();
  if (rotation.quads > 0) fold_quads<kLog2Values>(tile, rotation);
  ROSTE_ROLLED
  for (int pass = 0; pass < MixedAt<kLog2Values>::kPasses; ++pass) {
    mix_base_pass<kLog2Values>(tile, rotation, pass);
  }
  tile.team.sync();
  take_all<kLog2Values>(tile, 0, values);
}

// -x where the bit is set, x elsewhere.
ROSTE_KERNEL float signed_by(float x, std::uint32_t bit) {
  return roste::detail::float_of_bits(roste::detail::float_bits(x) ^ (bit << 31));
}

template <int kLog2Values, class Team>
ROSTE_KERNEL void apply_signs(Tile<kLog2Values, Team>& tile, const RotationView& rotation,
                              typename Tile<kLog2Values, Team>::Chunks& values) {
  tile.team.each([&](int t) {
    const Place p = tile.place(t);
    if (p.count == 0) return;
    const std::uint32_t first = static_cast<std::uint32_t>(p.col % rotation.size);
    const std::uint32_t bits = rotation.sign_bits[first / 32] >> (first % 32);
    ROSTE_UNROLLED
    for (int i = 0; i < (1 << kLog2Values); ++i) {
      values[t].v[i] = signed_by(values[t].v[i], bits >> i & 1u);
    }
  });
}

}  // namespace detail

// Every line, a multiple of m 2^k values, becomes itself times R or R^T, eq. (19). Values are
// consecutive before and after.
template <int kLog2Values, class Team>
ROSTE_KERNEL void rotate_tile(Tile<kLog2Values, Team>& tile, const RotationView& rotation,
                              typename Tile<kLog2Values, Team>::Chunks& values) {
  if (rotation.size == 0) return;
  if (rotation.side == Side::kPlain) detail::apply_signs<kLog2Values>(tile, rotation, values);
  const int shift = detail::mix_inner<kLog2Values>(tile, rotation.log2_inner, values);
  if (rotation.base_order > 1) {
    detail::mix_base<kLog2Values>(tile, rotation, shift, values);
  } else if (shift > 0) {
    detail::exchange<kLog2Values>(tile, shift, 0, values);
  }
  tile.team.each([&](int t) {
    ROSTE_UNROLLED
    for (float& v : values[t].v) v *= rotation.scale;
  });
  if (rotation.side == Side::kTransposed) detail::apply_signs<kLog2Values>(tile, rotation, values);
}

}  // namespace roste::cuda
