// Asking for memory long before it is read or written.
#pragma once

#include <cstdint>

namespace roste::cpu::simd {

// Has the line of p[i] brought to the L2 cache; p + i may lie behind the end of an array. The L1
// cache can wait for few lines at a time, too few to keep memory busy: where lines were asked for
// there, rotating rows of 4096 in memory took 1 / 0.8 of the time (docs/performance.md).
[[gnu::always_inline]] inline void ask_ahead([[maybe_unused]] const float* p,
                                             [[maybe_unused]] std::int64_t i) {
#if defined(__GNUC__)
  const std::uintptr_t offset = static_cast<std::uintptr_t>(i) * sizeof(float);
  __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(p) + offset), 0,
                     2);
#endif
}

// Has the line of p[i] brought to the L1 cache for writing: stores that wait for their lines would
// hold up what follows.
[[gnu::always_inline]] inline void ask_to_write([[maybe_unused]] const std::uint8_t* p,
                                                [[maybe_unused]] std::int64_t i) {
#if defined(__GNUC__)
  __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(p) +
                                                   static_cast<std::uintptr_t>(i)),
                     1);
#endif
}

}  // namespace roste::cpu::simd
