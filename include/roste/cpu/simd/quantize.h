// The vector kernels behind group_kernel.h, once for each instruction set.
#pragma once

#include <cstdint>
#include <cstring>

#include "roste/cpu/detail/fast_grid.h"
#include "roste/cpu/detail/scan.h"
#include "roste/cpu/simd/ask_ahead.h"
#include "roste/cpu/simd/quantize_avx2.h"
#include "roste/cpu/simd/quantize_avx512.h"

#if ROSTE_X86_KERNELS

ROSTE_TARGET_AVX2
#define ROSTE_SIMD_NAMESPACE avx2
#include "roste/cpu/simd/fixed_steps_kernel.inc"
#include "roste/cpu/simd/quantize_kernel.inc"
#undef ROSTE_SIMD_NAMESPACE
ROSTE_TARGET_END

ROSTE_TARGET_AVX512
#define ROSTE_SIMD_NAMESPACE avx512
#include "roste/cpu/simd/fixed_steps_kernel.inc"
#include "roste/cpu/simd/quantize_kernel.inc"
#undef ROSTE_SIMD_NAMESPACE
ROSTE_TARGET_END

#endif
