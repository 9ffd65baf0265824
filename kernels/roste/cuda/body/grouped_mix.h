// The sums over the m blocks of a line in registers, in the order of core/grouped_product.h. Each
// thread makes its own t's instead of a table that all rows share: a multiply-add with +1 or -1
// costs less on a GPU than a look-up in shared memory.
#pragma once

#include <cstdint>

#include "roste/core/grouped_product.h"
#include "roste/cuda/body/base_mix.h"
#include "roste/cuda/body/chunk.h"
#include "roste/cuda/rotation_tables.h"
#include "roste/cuda/team/kernel_function.h"

namespace roste::cuda::detail {

// (x[0] + b x[1]) + q (x[2] + d x[3]).
ROSTE_KERNEL float group_sum(const TermSigns& signs, const float (&x)[4]) {
  return add_signed(add_signed(x[0], signs.b, x[1]), signs.q, add_signed(x[2], signs.d, x[3]));
}

// Adds a group's term to a row's sum, which starts with the first group's.
ROSTE_KERNEL void add_term(const TermSigns& signs, std::int32_t group, float term, float& sum) {
  sum = group == 0 ? signs.all * term : add_signed(sum, signs.all, term);
}

// Step 2 for one group at one position and kMixRows rows. load(block) gives a block's value.
template <class Load>
ROSTE_KERNEL void add_group(const TermSigns (&signs)[kMixRows], std::int32_t group, Load load,
                            float* sums) {
  const std::int32_t block = group * kGroupBlocks;
  const float x[4] = {load(block), load(block + 1), load(block + 2), load(block + 3)};
  ROSTE_UNROLLED
  for (int row = 0; row < kMixRows; ++row) {
    add_term(signs[row], group, group_sum(signs[row], x), sums[row]);
  }
}

// The thread's sums of one pass. load(element) gives a value of the line.
template <int kLog2Values, class Load>
ROSTE_KERNEL void grouped_sums(const MixedAt<kLog2Values>& mixed, const RotationView& rotation,
                               std::int32_t chunk, Load load,
                               Chunk<MixedAt<kLog2Values>::kSums>& sums) {
  const TermSigns* terms = rotation.terms + mixed.quad(chunk) * kMixRows;
  for (std::int32_t group = 0; group * kGroupBlocks < rotation.base_order; ++group) {
    TermSigns signs[kMixRows];
    ROSTE_UNROLLED
    for (int row = 0; row < kMixRows; ++row) signs[row] = terms[row];
    terms += rotation.base_order;
    ROSTE_UNROLLED
    for (int run = 0; run < MixedAt<kLog2Values>::kSums / kMixRows; ++run) {
      const std::int32_t origin = mixed.origin(chunk) + run * mixed.stride();
      const auto block = [&](std::int32_t b) { return load(origin + (b << mixed.log2_inner)); };
      add_group(signs, group, block, sums.v + run * kMixRows);
    }
  }
}

}  // namespace roste::cuda::detail
