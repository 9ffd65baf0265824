// Where the threads that sum over the m blocks of a line, x := (H_m (x) I) x, have their values.
#pragma once

#include <cstdint>

#include "roste/cuda/rotation_tables.h"
#include "roste/cuda/team/kernel_function.h"

namespace roste::cuda::detail {

// Values of a thread that belong to four blocks: a load of one value serves so many sums. Orders of
// Hadamard matrices above 2 are multiples of 4.
inline constexpr int kMixRows = 4;

// Where a thread has values of four blocks, at one position of them after the other.
struct QuadSpread {
  std::int32_t first;
  std::int32_t near;  // to the second block
  std::int32_t half;  // to the third
  std::int32_t far;   // to the next position
  ROSTE_KERNEL std::int32_t element(int j) const {
    return first + j % 2 * near + j / 2 % 2 * half + j / kMixRows * far;
  }
};

// Sums that a thread makes at once: two positions of four rows. Others wait for another pass, as 32
// sums, or 16 with their signs and operands, exceed the 64 registers of a thread among 1024.
inline constexpr int kLog2MostSums = 3;

// Which sums a thread makes in one pass: those of the four blocks of a quad at a quarter as many
// positions. Passes take different positions, neighbouring threads neighbouring ones.
template <int kLog2Values>
struct MixedAt {
  static constexpr int kLog2Sums = kLog2Values < kLog2MostSums ? kLog2Values : kLog2MostSums;
  static constexpr int kSums = 1 << kLog2Sums;
  static constexpr int kPasses = 1 << (kLog2Values - kLog2Sums);

  std::int32_t order;        // m
  std::int32_t log2_inner;   // k
  const QuadBlocks* blocks;  // [m / 4]
  int pass;

  ROSTE_KERNEL MixedAt(const RotationView& rotation, int number)
      : order(rotation.base_order),
        log2_inner(rotation.log2_inner),
        blocks(rotation.blocks),
        pass(number) {}

  // Threads side by side: 2^k positions over 2^r / 4 of each thread, all passes together.
  ROSTE_KERNEL std::int32_t neighbours() const { return 1 << (log2_inner + 2 - kLog2Values); }
  // From a thread's position to its next.
  ROSTE_KERNEL std::int32_t stride() const { return neighbours() * kPasses; }
  ROSTE_KERNEL std::int32_t threads() const { return order / kMixRows * neighbours(); }
  ROSTE_KERNEL std::int32_t quad(std::int32_t chunk) const {
    return chunk % threads() / neighbours();
  }
  ROSTE_KERNEL QuadBlocks quad_blocks(std::int32_t chunk) const { return blocks[quad(chunk)]; }
  // The thread's first position in block 0 of its unit of m 2^k values.
  ROSTE_KERNEL std::int32_t origin(std::int32_t chunk) const {
    return chunk / threads() * (order << log2_inner) + pass * neighbours() + chunk % neighbours();
  }
  ROSTE_KERNEL QuadSpread operator()(std::int32_t chunk) const {
    const QuadBlocks to = quad_blocks(chunk);
    return {origin(chunk) + (to.first << log2_inner), 1 << log2_inner,
            (to.mirrored - to.first) << log2_inner, stride()};
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

}  // namespace roste::cuda::detail
