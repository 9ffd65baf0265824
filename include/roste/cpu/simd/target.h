// Opens and closes a region whose functions, templates included, are compiled for one instruction
// set while the rest of the program keeps its own. Kernels of a region may call anything outside;
// what lies outside calls them only after isa_supported() said yes.
#pragma once

#include "roste/cpu/isa.h"

#if ROSTE_X86_KERNELS
#include <immintrin.h>

#define ROSTE_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define ROSTE_TARGET_BEGIN(isa) \
  ROSTE_PRAGMA(clang attribute push(__attribute__((target(isa))), apply_to = function))
#define ROSTE_TARGET_END ROSTE_PRAGMA(clang attribute pop)
#else  // g++ 12 warns of values that its own header leaves undefined (its bug 105593)
#define ROSTE_TARGET_BEGIN(isa)                                \
  ROSTE_PRAGMA(GCC diagnostic push)                            \
  ROSTE_PRAGMA(GCC diagnostic ignored "-Wuninitialized")       \
  ROSTE_PRAGMA(GCC diagnostic ignored "-Wmaybe-uninitialized") \
  ROSTE_PRAGMA(GCC push_options)                               \
  ROSTE_PRAGMA(GCC target(isa))
#define ROSTE_TARGET_END ROSTE_PRAGMA(GCC pop_options) ROSTE_PRAGMA(GCC diagnostic pop)
#endif

#define ROSTE_TARGET_AVX2 ROSTE_TARGET_BEGIN("avx2,fma,f16c,bmi2")
#define ROSTE_TARGET_AVX512 \
  ROSTE_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c,bmi2")

// Loops over arrays of registers have to be unrolled, or the array lives in memory.
#if defined(__clang__)
#define ROSTE_UNROLL _Pragma("unroll")
#else
#define ROSTE_UNROLL _Pragma("GCC unroll 16")
#endif
#define ROSTE_INLINE [[gnu::always_inline]] inline
#endif
