// The sums over the m blocks of a line, x := (H_m (x) I) x, in registers and in the order of
// core/base_product.h. Each thread makes its own t's instead of a table that all rows share: a
// multiply-add with +1 or -1 costs less on a GPU than a look-up in shared memory.
#pragma once

#include <cstdint>

#include "roste/core/base_product.h"
#include "roste/cuda/body/chunk.h"
#include "roste/cuda/rotation_tables.h"
#include "roste/cuda/team/kernel_function.h"

namespace roste::cuda::detail {

// Values of a thread that belong to consecutive blocks: a load of one value serves so many sums.
// Orders of Hadamard matrices above 2 are multiples of 4.
inline constexpr int kMixRows = 4;

// Where a thread's values lie in their line: value j is the element below.
struct Spread {
  std::int32_t first;
  std::int32_t near;  // from a value to the next, within a run of kMixRows
  std::int32_t far;   // from a run to the next
  ROSTE_KERNEL std::int32_t element(int j) const {
    return first + j % kMixRows * near + j / kMixRows * far;
  }
};

// Sums that a thread makes at once: two positions of four rows. Others wait for another pass, as 32
// sums, or 16 with their signs and operands, exceed the 64 registers of a thread among 1024.
inline constexpr int kLog2MostSums = 3;

// Which sums a thread makes in one pass: those of blocks q ... q + 3 at a quarter as many
// positions. Passes take different positions, neighbouring threads neighbouring ones.
template <int kLog2Values>
struct MixedAt {
  static constexpr int kLog2Sums = kLog2Values < kLog2MostSums ? kLog2Values : kLog2MostSums;
  static constexpr int kSums = 1 << kLog2Sums;
  static constexpr int kPasses = 1 << (kLog2Values - kLog2Sums);

  std::int32_t order;       // m
  std::int32_t log2_inner;  // k
  int pass;

  // Threads side by side: 2^k positions over 2^r / 4 of each thread, all passes together.
  ROSTE_KERNEL std::int32_t neighbours() const { return 1 << (log2_inner + 2 - kLog2Values); }
  // From a thread's position to its next.
  ROSTE_KERNEL std::int32_t stride() const { return neighbours() * kPasses; }
  ROSTE_KERNEL std::int32_t threads() const { return order / kMixRows * neighbours(); }
  // The first of the thread's four blocks.
  ROSTE_KERNEL std::int32_t block(std::int32_t chunk) const {
    return chunk % threads() / neighbours() * kMixRows;
  }
  // The thread's first position in block 0 of its unit of m 2^k values.
  ROSTE_KERNEL std::int32_t origin(std::int32_t chunk) const {
    return chunk / threads() * (order << log2_inner) + pass * neighbours() + chunk % neighbours();
  }
  ROSTE_KERNEL Spread operator()(std::int32_t chunk) const {
    return {origin(chunk) + (block(chunk) << log2_inner), 1 << log2_inner, stride()};
  }
};

// onto + sign * x. The product is exact, so one instruction or two give the same bits.
ROSTE_KERNEL float add_signed(float onto, float sign, float x) {
#if defined(__CUDA_ARCH__)
  return __fmaf_rn(sign, x, onto);
#else
  return onto + sign * x;
#endif
}

// (x[0] + b x[1]) + q (x[2] + d x[3]), or x[0] + b x[1] of a group of two blocks.
ROSTE_KERNEL float group_sum(const TermSigns& signs, const float (&x)[4], int blocks) {
  const float p = add_signed(x[0], signs.b, x[1]);
  return blocks == 4 ? add_signed(p, signs.q, add_signed(x[2], signs.d, x[3])) : p;
}

// Adds a group's term to a row's sum, which starts with the first group's.
ROSTE_KERNEL void add_term(const TermSigns& signs, std::int32_t group, float term, float& sum) {
  sum = group == 0 ? signs.all * term : add_signed(sum, signs.all, term);
}

// Values x[0 ... 3] of group `group` at one position: load(block) for single blocks.
template <class Load>
ROSTE_KERNEL void load_group(std::int32_t group, int blocks, Load load, float (&x)[4]) {
  const std::int32_t block = group * kGroupBlocks;
  x[0] = load(block);
  x[1] = load(block + 1);
  x[2] = blocks == 4 ? load(block + 2) : 0.0f;
  x[3] = blocks == 4 ? load(block + 3) : 0.0f;
}

// Step 2 of core/base_product.h for one group at one position and kMixRows rows.
template <class Load>
ROSTE_KERNEL void add_group(const TermSigns (&signs)[kMixRows], std::int32_t group, int blocks,
                            Load load, float* sums) {
  float x[4];
  load_group(group, blocks, load, x);
  ROSTE_UNROLLED
  for (int row = 0; row < kMixRows; ++row) {
    add_term(signs[row], group, group_sum(signs[row], x, blocks), sums[row]);
  }
}

// The same for blocks in pairs, step 3: two rows of sums over u, v.
template <class Load>
ROSTE_KERNEL void add_pair_group(const TermSigns (&signs)[kMixRows], std::int32_t group, int blocks,
                                 Load load, float* sums) {
  float first[4], second[4];
  load_group(
      group, blocks, [&](std::int32_t pair) { return load(2 * pair); }, first);
  load_group(
      group, blocks, [&](std::int32_t pair) { return load(2 * pair + 1); }, second);
  float u[4], v[4];
  ROSTE_UNROLLED
  for (int i = 0; i < 4; ++i) {
    u[i] = first[i] + second[i];
    v[i] = first[i] - second[i];
  }
  ROSTE_UNROLLED
  for (int row = 0; row < kMixRows; row += 2) {
    const TermSigns& pair = signs[row / 2];
    add_term(pair, group, group_sum(pair, u, blocks), sums[row]);
    add_term(pair, group, group_sum(pair, v, blocks), sums[row + 1]);
  }
}

// The thread's sums of one pass. load(element) gives a value of the line.
template <int kLog2Values, class Load>
ROSTE_KERNEL void mix_sums(const MixedAt<kLog2Values>& mixed, const RotationView& rotation,
                           std::int32_t chunk, Load load,
                           Chunk<MixedAt<kLog2Values>::kSums>& sums) {
  const bool paired = rotation.width == 2;
  const TermSigns* terms = rotation.terms + mixed.block(chunk) / rotation.width;
  for (std::int32_t group = 0; group * kGroupBlocks < rotation.columns; ++group) {
    const int blocks = group * kGroupBlocks + kGroupBlocks <= rotation.columns ? 4 : 2;
    TermSigns signs[kMixRows];
    ROSTE_UNROLLED
    for (int row = 0; row < kMixRows; ++row) {
      if (row < kMixRows / rotation.width) signs[row] = terms[row];
    }
    terms += rotation.columns;
    ROSTE_UNROLLED
    for (int run = 0; run < MixedAt<kLog2Values>::kSums / kMixRows; ++run) {
      const std::int32_t origin = mixed.origin(chunk) + run * mixed.stride();
      const auto block = [&](std::int32_t b) { return load(origin + (b << mixed.log2_inner)); };
      float* const of_run = sums.v + run * kMixRows;
      if (paired) {
        add_pair_group(signs, group, blocks, block, of_run);
      } else {
        add_group(signs, group, blocks, block, of_run);
      }
    }
  }
}

// The diagonal of step 3: + 2 x_2i, - 2 x_2i+1. Doubling is exact.
template <int kLog2Values, class Load>
ROSTE_KERNEL void add_diagonal(const MixedAt<kLog2Values>& mixed, std::int32_t chunk, Load load,
                               Chunk<MixedAt<kLog2Values>::kSums>& sums) {
  const Spread own = mixed(chunk);
  ROSTE_UNROLLED
  for (int j = 0; j < MixedAt<kLog2Values>::kSums; ++j) {
    const float twice = 2.0f * load(own.element(j));
    sums.v[j] = j % 2 == 0 ? sums.v[j] + twice : sums.v[j] - twice;
  }
}

}  // namespace roste::cuda::detail
