// Where the threads that sum over the m blocks of a line, x := (H_m (x) I) x, have their values.
#pragma once

#include <cstdint>

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

}  // namespace roste::cuda::detail
