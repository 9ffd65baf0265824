// The sums over the m blocks of a line in registers, in the order of core/folded_product.h. The
// line in shared memory is folded first. A factor 0 costs a thread less than a branch: it adds a
// zero, which changes no finite sum that began with +0.
#pragma once

#include <cstdint>

#include "roste/core/folded_product.h"
#include "roste/cuda/body/base_mix.h"
#include "roste/cuda/body/chunk.h"
#include "roste/cuda/rotation_tables.h"
#include "roste/cuda/team/kernel_function.h"

namespace roste::cuda::detail {

static_assert(kMixRows == kQuadBlocks, "a thread makes the rows of one quad");

// Step 1 for a quad, at each position of a thread.
template <int kCount>
ROSTE_KERNEL void fold(std::int32_t quad, Chunk<kCount>& values) {
  ROSTE_UNROLLED
  for (int i = 0; i < kCount; i += kQuadBlocks) {
    float* const x = values.v + i;
    const float u = x[0] + x[1], v = x[0] - x[1], u2 = x[2] + x[3], v2 = x[2] - x[3];
    x[0] = quad == 0 ? u : u + u2;
    x[1] = quad == 0 ? v : v + v2;
    x[2] = quad == 0 ? u2 : u - u2;
    x[3] = quad == 0 ? v2 : v - v2;
  }
}

// onto + (of_a a + of_b b). Both products are exact.
ROSTE_KERNEL float add_pair(float onto, float of_a, float a, float of_b, float b) {
  return onto + add_signed(of_a * a, of_b, b);
}

// Where the values of a pair are that a quad's two rows take: even ones first and, for any quad but
// 0, odd ones mirrored.
struct PairBlocks {
  QuadBlocks a, b;
};
ROSTE_KERNEL PairBlocks pair_blocks(const QuadBlocks* blocks, std::int32_t pair,
                                    std::int32_t quad) {
  const QuadBlocks a = blocks[pair == 0 ? 0 : 2 * pair - 1], b = blocks[2 * pair];
  if (pair == 0) return {{a.first, a.first}, {a.mirrored, a.mirrored}};
  if (quad == 0) return {{a.first, a.first}, {b.first, b.first}};
  return {a, b};
}

// Step 3 for one pair at one position. load(block) gives a block's value.
template <class Load>
ROSTE_KERNEL void add_pair_terms(const FoldedFactors& f, const PairBlocks& at, Load load,
                                 float* sums) {
  ROSTE_UNROLLED
  for (int part = 0; part < 2; ++part) {  // u, v
    sums[part] =
        add_pair(sums[part], f.even_a, load(at.a.first + part), f.even_b, load(at.b.first + part));
    sums[2 + part] = add_pair(sums[2 + part], f.odd_a, load(at.a.mirrored + part), f.odd_b,
                              load(at.b.mirrored + part));
  }
}

// Step 4 at one position: sums[0 ... 3], e_u, e_v, o_u, o_v before, become x0 ... x3.
template <class Load>
ROSTE_KERNEL void finish_quad(std::int32_t quad, const QuadBlocks& own, Load load, float* sums) {
  float rows[2][2];  // E and O, of u and v
  ROSTE_UNROLLED
  for (int row = 0; row < 2; ++row) {
    const std::int32_t block = row == 0 ? own.first : own.mirrored;
    const float u = load(block), v = load(block + 1);
    const float plus = quad == 0 ? (u + v) + (u + v) : u + v;
    const float minus = quad == 0 ? (u - v) + (u - v) : u - v;
    rows[row][0] = (sums[2 * row] + sums[2 * row]) + plus;
    rows[row][1] = (sums[2 * row + 1] + sums[2 * row + 1]) - minus;
  }
  ROSTE_UNROLLED
  for (int part = 0; part < 2; ++part) {
    const float even = rows[0][part], odd = rows[1][part];
    sums[part] = quad == 0 ? even : even + odd;
    sums[2 + part] = quad == 0 ? odd : even - odd;
  }
}

// The thread's sums of one pass. load(element) gives a value of the folded line.
template <int kLog2Values, class Load>
ROSTE_KERNEL void folded_sums(const MixedAt<kLog2Values>& mixed, const RotationView& rotation,
                              std::int32_t chunk, Load load,
                              Chunk<MixedAt<kLog2Values>::kSums>& sums) {
  constexpr int kRuns = MixedAt<kLog2Values>::kSums / kMixRows;
  const std::int32_t quad = mixed.quad(chunk);
  const auto at_run = [&](int run, auto&& use) {
    const std::int32_t origin = mixed.origin(chunk) + run * mixed.stride();
    use([&](std::int32_t b) { return load(origin + (b << mixed.log2_inner)); },
        sums.v + run * kMixRows);
  };
  sums = {};
  const FoldedFactors* factors = rotation.factors + quad;
  for (std::int32_t pair = 0; 2 * pair < rotation.quads; ++pair) {
    const FoldedFactors f = *factors;
    factors += rotation.quads;
    const PairBlocks at = pair_blocks(rotation.blocks, pair, quad);
    ROSTE_UNROLLED
    for (int run = 0; run < kRuns; ++run) {
      at_run(run, [&](auto block, float* of_run) { add_pair_terms(f, at, block, of_run); });
    }
  }
  const QuadBlocks own = mixed.quad_blocks(chunk);
  ROSTE_UNROLLED
  for (int run = 0; run < kRuns; ++run) {
    at_run(run, [&](auto block, float* of_run) { finish_quad(quad, own, block, of_run); });
  }
}

}  // namespace roste::cuda::detail
