// The kernels of rotations for the instruction sets of x86.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "roste/cpu/detail/rotation_plan.h"
#include "roste/cpu/simd/ask_ahead.h"
#include "roste/cpu/simd/hadamard_lanes.h"
#include "roste/cpu/simd/quantize_avx2.h"
#include "roste/cpu/simd/quantize_avx512.h"

#if ROSTE_X86_KERNELS
ROSTE_TARGET_AVX2
#define ROSTE_SIMD_NAMESPACE avx2
#include "roste/cpu/simd/hadamard_blocks_kernel.inc"
#include "roste/cpu/simd/hadamard_folded_kernel.inc"
#include "roste/cpu/simd/hadamard_grouped_kernel.inc"
#include "roste/cpu/simd/hadamard_kernel.inc"
#include "roste/cpu/simd/hadamard_mix_kernel.inc"
#include "roste/cpu/simd/hadamard_rotate_kernel.inc"
#undef ROSTE_SIMD_NAMESPACE
ROSTE_TARGET_END

ROSTE_TARGET_AVX512
#define ROSTE_SIMD_NAMESPACE avx512
#include "roste/cpu/simd/hadamard_blocks_kernel.inc"
#include "roste/cpu/simd/hadamard_folded_kernel.inc"
#include "roste/cpu/simd/hadamard_grouped_kernel.inc"
#include "roste/cpu/simd/hadamard_kernel.inc"
#include "roste/cpu/simd/hadamard_mix_kernel.inc"
#include "roste/cpu/simd/hadamard_rotate_kernel.inc"
#undef ROSTE_SIMD_NAMESPACE
ROSTE_TARGET_END
#endif
