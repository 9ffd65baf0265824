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

// Step 1 for the quad that begins at `block`, at each position of a thread.
template <int kCount>
ROSTE_KERNEL void fold(std::int32_t block, Chunk<kCount>& values) {
  ROSTE_UNROLLED
  for (int i = 0; i < kCount; i += kQuadBlocks) {
    float* const x = values.v + i;
    const float u = x[0] + x[1], v = x[0] - x[1], u2 = x[2] + x[3], v2 = x[2] - x[3];
    x[0] = block == 0 ? u : u + u2;
    x[1] = block == 0 ? v : v + v2;
    x[2] = block == 0 ? u2 : u - u2;
    x[3] = block == 0 ? v2 : v - v2;
  }
}

// onto + (of_a a + of_b b). Both products are exact.
ROSTE_KERNEL float add_pair(float onto, float of_a, float a, float of_b, float b) {
  return onto + add_signed(of_a * a, of_b, b);
}

// Step 3 for one pair at one position. load(block) gives a block's value; the odd values of a quad
// lie `odd` blocks behind its even ones.
template <class Load>
ROSTE_KERNEL void add_pair_terms(const FoldedFactors& f, std::int32_t pair, std::int32_t odd,
                                 Load load, float* sums) {
  const std::int32_t a = pair == 0 ? 0 : (2 * pair - 1) * kQuadBlocks;
  const std::int32_t b = pair == 0 ? 2 : 2 * pair * kQuadBlocks;
  ROSTE_UNROLLED
  for (int part = 0; part < 2; ++part) {  // u, v
    sums[part] = add_pair(sums[part], f.even_a, load(a + part), f.even_b, load(b + part));
    sums[2 + part] =
        add_pair(sums[2 + part], f.odd_a, load(a + odd + part), f.odd_b, load(b + odd + part));
  }
}

// Step 4 at one position: sums[0 ... 3], e_u, e_v, o_u, o_v before, become x0 ... x3.
template <class Load>
ROSTE_KERNEL void finish_quad(std::int32_t block, Load load, float* sums) {
  float rows[2][2];  // E and O, of u and v
  ROSTE_UNROLLED
  for (int row = 0; row < 2; ++row) {
    const float u = load(block + 2 * row), v = load(block + 2 * row + 1);
    const float plus = block == 0 ? (u + v) + (u + v) : u + v;
    const float minus = block == 0 ? (u - v) + (u - v) : u - v;
    rows[row][0] = (sums[2 * row] + sums[2 * row]) + plus;
    rows[row][1] = (sums[2 * row + 1] + sums[2 * row + 1]) - minus;
  }
  ROSTE_UNROLLED
  for (int part = 0; part < 2; ++part) {
    const float even = rows[0][part], odd = rows[1][part];
    sums[part] = block == 0 ? even : even + odd;
    sums[2 + part] = block == 0 ? odd : even - odd;
  }
}

// The thread's sums of one pass. load(element) gives a value of the folded line.
template <int kLog2Values, class Load>
ROSTE_KERNEL void folded_sums(const MixedAt<kLog2Values>& mixed, const RotationView& rotation,
                              std::int32_t chunk, Load load,
                              Chunk<MixedAt<kLog2Values>::kSums>& sums) {
  constexpr int kRuns = MixedAt<kLog2Values>::kSums / kMixRows;
  const std::int32_t first = mixed.block(chunk), odd = first == 0 ? 0 : 2;
  const auto at_run = [&](int run, auto&& use) {
    const std::int32_t origin = mixed.origin(chunk) + run * mixed.stride();
    use([&](std::int32_t b) { return load(origin + (b << mixed.log2_inner)); },
        sums.v + run * kMixRows);
  };
  sums = {};
  const FoldedFactors* factors = rotation.factors + first / kQuadBlocks;
  for (std::int32_t pair = 0; 2 * pair < rotation.quads; ++pair) {
    const FoldedFactors f = *factors;
    factors += rotation.quads;
    ROSTE_UNROLLED
    for (int run = 0; run < kRuns; ++run) {
      at_run(run, [&](auto block, float* of_run) { add_pair_terms(f, pair, odd, block, of_run); });
    }
  }
  ROSTE_UNROLLED
  for (int run = 0; run < kRuns; ++run) {
    at_run(run, [&](auto block, float* of_run) { finish_quad(first, block, of_run); });
  }
}

}  // namespace roste::cuda::detail
