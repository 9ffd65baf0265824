// The vector kernels behind packed_run.h, once for each instruction set.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>

#include "roste/cpu/simd/quantize.h"
#include "roste/cpu/simd/quantize_packed_lanes.h"

#if ROSTE_X86_KERNELS

ROSTE_TARGET_AVX2
#define ROSTE_SIMD_NAMESPACE avx2
#include "roste/cpu/simd/quantize_packed_kernel.inc"
#undef ROSTE_SIMD_NAMESPACE
ROSTE_TARGET_END

ROSTE_TARGET_AVX512
#define ROSTE_SIMD_NAMESPACE avx512
#include "roste/cpu/simd/quantize_packed_kernel.inc"
#undef ROSTE_SIMD_NAMESPACE
ROSTE_TARGET_END

#endif
