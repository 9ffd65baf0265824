// Results are those of rounding to nearest. A host program that rounds otherwise would get other
// codes from every division without a word, so it is told.
#pragma once

#include <cfenv>
#include <stdexcept>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace roste::cpu::detail {

// Whether the calling thread rounds to nearest, ties to even.
inline bool rounds_to_nearest() {
#if defined(__SSE2__)
  return (_mm_getcsr() & _MM_ROUND_MASK) == _MM_ROUND_NEAREST;
#else
  return std::fegetround() == FE_TONEAREST;
#endif
}

// Throws std::runtime_error unless the calling thread rounds to nearest.
inline void require_rounding_to_nearest() {
  if (rounds_to_nearest()) return;
  throw std::runtime_error(
      "roste: this thread rounds upward, downward or to zero; expected rounding to nearest, "
      "std::fesetround(FE_TONEAREST)");
}

}  // namespace roste::cpu::detail
