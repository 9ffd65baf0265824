// The kernels of the integer product for all instruction sets, and the choice among them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "roste/cpu/isa.h"
#include "roste/cpu/simd/multiply_avx2.h"
#include "roste/cpu/simd/multiply_avx512.h"
#include "roste/cpu/simd/multiply_portable.h"
#include "roste/cpu/simd/multiply_tile.h"

#if ROSTE_X86_KERNELS
ROSTE_TARGET_AVX2
#define ROSTE_SIMD_NAMESPACE avx2
#include "roste/cpu/simd/multiply_kernel.inc"
#undef ROSTE_SIMD_NAMESPACE
ROSTE_TARGET_END

ROSTE_TARGET_AVX512
#define ROSTE_SIMD_NAMESPACE avx512
#include "roste/cpu/simd/multiply_kernel.inc"
#undef ROSTE_SIMD_NAMESPACE
ROSTE_TARGET_END
#endif

namespace roste::cpu::detail {

// What the arrangement of activations depends on.
struct TileFormat {
  int rows;             // of a tile, at most
  int chunk_row_bytes;  // of one row within a chunk
};

inline TileFormat tile_format(Isa isa) {
#if ROSTE_X86_KERNELS
  if (isa == Isa::kAvx512) return {simd::avx512::kTileRows, simd::avx512::kChunkRowBytes};
  if (isa == Isa::kAvx2) return {simd::avx2::kTileRows, simd::avx2::kChunkRowBytes};
#endif
  (void)isa;
  return {simd::portable::kTileRows, simd::portable::kChunkRowBytes};
}

// The kernel for tiles of `rows` rows, 1 ... tile_format(isa).rows.
template <CodeWidth width>
TileKernel tile_kernel(Isa isa, std::int64_t rows) {
#if ROSTE_X86_KERNELS
  const auto entry = static_cast<std::size_t>(rows - 1);
  if (isa == Isa::kAvx512) return simd::avx512::kTileKernels<width>[entry];
  if (isa == Isa::kAvx2) return simd::avx2::kTileKernels<width>[entry];
#endif
  (void)isa, (void)rows;
  return simd::portable::multiply_tile<width>;
}

inline TileKernel tile_kernel(CodeWidth width, std::int64_t rows, Isa isa) {
  return width == CodeWidth::kNibble ? tile_kernel<CodeWidth::kNibble>(isa, rows)
                                     : tile_kernel<CodeWidth::kByte>(isa, rows);
}

// Rows of chunks, as bytes, into what the kernels of AVX2 read.
inline void widen_chunks(const std::int8_t* bytes, std::int64_t chunk_rows, std::int8_t* out) {
#if ROSTE_X86_KERNELS
  simd::avx2::widen_chunks(bytes, chunk_rows, out);
#else
  (void)bytes, (void)chunk_rows, (void)out;  // no instruction set that asks for it
#endif
}

}  // namespace roste::cpu::detail
