// Errors and gradients of one contiguous run, by the instruction set of the caller's choice.
#pragma once

#include <cstdint>

#include "roste/core/error.h"
#include "roste/core/ste.h"
#include "roste/cpu/detail/error_lanes.h"
#include "roste/cpu/isa.h"
#include "roste/cpu/simd/quantize_measure.h"

namespace roste::cpu::detail {

// Adds the sums over the n values of a run to lanes. When a run is cut into pieces, all but the
// last one are multiples of kSumLanes.
inline void measure_run(Isa isa, const float* x, GroupParams params, CodeRange codes,
                        std::int64_t n, ErrorLanes& lanes) {
#if ROSTE_X86_KERNELS
  const FastGrid grid = fast_grid(params, codes);
  if (isa != Isa::kPortable && grid.usable) {
    const std::int64_t whole = n - n % kSumLanes;
    if (isa == Isa::kAvx512) simd::avx512::measure_values(x, grid, whole, lanes);
    if (isa == Isa::kAvx2) simd::avx2::measure_values(x, grid, whole, lanes);
    return lanes.add(x + whole, params, codes, n - whole);
  }
#endif
  lanes.add(x, params, codes, n);
}

// dx := the gradient of ste_gradient for every value of a run; dx may be dy.
struct GradientRun {
  const float* dy;
  float* dx;
  std::int64_t n;
};

template <SteRule Rule>
void ste_run(Isa isa, const float* x, GroupParams params, CodeRange codes, GradientRun run) {
#if ROSTE_X86_KERNELS
  const FastGrid grid = fast_grid(params, codes);
  if (std::same_as<Rule, ClippedStraightThrough> && isa != Isa::kPortable && grid.usable) {
    if (isa == Isa::kAvx512) simd::avx512::clipped_gradients(x, grid, run.n, run.dy, run.dx);
    if (isa == Isa::kAvx2) simd::avx2::clipped_gradients(x, grid, run.n, run.dy, run.dx);
    return;
  }
#endif
  for (std::int64_t i = 0; i < run.n; ++i) {
    run.dx[i] = ste_gradient<Rule>(x[i], params, codes, run.dy[i]);
  }
}

}  // namespace roste::cpu::detail
