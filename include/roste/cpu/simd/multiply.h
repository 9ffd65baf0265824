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
#include "roste/cpu/simd/multiply_pairs_kernel.inc"
ROSTE_TARGET_END
#endif

namespace roste::cpu::detail {

// The kernels of a product.
struct ProductRoute {
  Isa isa = Isa::kPortable;
  ProductMethod method = ProductMethod::kPlain;
};

// What the arrangement of activations depends on.
struct TileFormat {
  int rows;             // of a tile, at most
  int chunk_row_bytes;  // of one row within a chunk
};

inline TileFormat tile_format(ProductRoute route) {
#if ROSTE_X86_KERNELS
  using namespace simd;
  if (route.method == ProductMethod::kPaired) {
    return {avx512::kPairedTileRows, avx512::kChunkRowBytes};
  }
  if (route.isa == Isa::kAvx512) return {avx512::kTileRows, avx512::kChunkRowBytes};
  if (route.isa == Isa::kAvx2) return {avx2::kTileRows, avx2::kChunkRowBytes};
#endif
  (void)route;
  return {simd::portable::kTileRows, simd::portable::kChunkRowBytes};
}

// How the kernels of a paired product read codes of half a byte; kWritten: they write them as
// bytes, to ProductTile::wide.
enum class Widening { kNone, kWritten };

#if ROSTE_X86_KERNELS
template <CodeWidth width>
TileKernel paired_tile_kernel(Widening widening, std::size_t entry) {
  using namespace simd::avx512;
  if (widening == Widening::kWritten)
    return kTileKernels<Paired<WidenCodes>, kPairedTileRows>[entry];
  return kTileKernels<Paired<ReadCodes<width>>, kPairedTileRows>[entry];
}
#endif

// The kernel for tiles of `rows` rows, 1 ... tile_format(route).rows.
template <CodeWidth width>
TileKernel tile_kernel(ProductRoute route, Widening widening, std::int64_t rows) {
#if ROSTE_X86_KERNELS
  using namespace simd;
  const auto entry = static_cast<std::size_t>(rows - 1);
  if (route.method == ProductMethod::kPaired) return paired_tile_kernel<width>(widening, entry);
  if (route.isa == Isa::kAvx512) {
    return avx512::kTileKernels<avx512::Plain<width>, avx512::kTileRows>[entry];
  }
  if (route.isa == Isa::kAvx2) {
    return avx2::kTileKernels<avx2::Plain<width>, avx2::kTileRows>[entry];
  }
#endif
  (void)route, (void)widening, (void)rows;
  return simd::portable::multiply_tile<width>;
}

inline TileKernel tile_kernel(CodeWidth width, std::int64_t rows, ProductRoute route,
                              Widening widening = Widening::kNone) {
  return width == CodeWidth::kNibble ? tile_kernel<CodeWidth::kNibble>(route, widening, rows)
                                     : tile_kernel<CodeWidth::kByte>(route, widening, rows);
}

// The sums that a paired product subtracts per output, of some steps of a panel; pairs [32].
inline void sum_weight_pairs(CodeWidth width, const std::uint8_t* panel, StepRange steps,
                             std::int32_t* pairs) {
#if ROSTE_X86_KERNELS
  if (width == CodeWidth::kNibble) {
    simd::avx512::sum_weight_pairs<CodeWidth::kNibble>(panel, steps, pairs);
  } else {
    simd::avx512::sum_weight_pairs<CodeWidth::kByte>(panel, steps, pairs);
  }
#else
  (void)width, (void)panel, (void)steps, (void)pairs;  // no instruction set that asks for it
#endif
}

// Makes a tile of `rows` rows ready for a paired product: the inputs [first, last) of a group,
// whose sums are taken from what the rows start from.
inline void offset_odd_steps(std::int8_t* tile, StepRange steps, std::int64_t rows,
                             RowTerms* terms) {
#if ROSTE_X86_KERNELS
  simd::avx512::offset_odd_steps(tile, steps, rows, terms);
#else
  (void)tile, (void)steps, (void)rows, (void)terms;    // no instruction set that asks for it
#endif
}

// Rows of chunks, as bytes, into what the kernels of AVX2 read.
inline void widen_chunks(const std::int8_t* bytes, std::int64_t chunk_rows, std::int8_t* out) {
#if ROSTE_X86_KERNELS
  simd::avx2::widen_chunks(bytes, chunk_rows, out);
#else
  (void)bytes, (void)chunk_rows, (void)out;            // no instruction set that asks for it
#endif
}

}  // namespace roste::cpu::detail
