// Codes moved into the bytes that kernels of integer products read, with their sums.
#pragma once

#include <concepts>
#include <cstdint>

#include "roste/core/grid.h"
#include "roste/cpu/isa.h"
#include "roste/cpu/matrix_view.h"
#include "roste/cpu/simd/multiply_tile.h"

namespace roste::cpu::detail {

// code - shift must fit a byte for every code of `codes`.
struct CodeShift {
  CodeRange codes;
  std::int32_t shift = 0;
};

struct ShiftedRun {
  std::int32_t sum = 0;  // of code - shift, modulo 2^32
  bool valid = true;     // all codes lie within `codes`
};

template <class T>
concept ByteType = std::same_as<T, std::int8_t> || std::same_as<T, std::uint8_t>;

inline constexpr std::int64_t kPieceBytes = kChunkInputs;

// Bytes in pieces of 64, `stride` bytes apart; without gaps unless told.
template <ByteType Byte>
struct Pieces {
  Byte* bytes = nullptr;
  std::int64_t stride = kPieceBytes;
};

}  // namespace roste::cpu::detail

#include "roste/cpu/simd/shift_codes_avx2.h"
#include "roste/cpu/simd/shift_codes_avx512.h"
#if ROSTE_X86_KERNELS
ROSTE_TARGET_AVX2
#define ROSTE_SIMD_NAMESPACE avx2
#include "roste/cpu/simd/shift_codes_kernel.inc"
#undef ROSTE_SIMD_NAMESPACE
ROSTE_TARGET_END

ROSTE_TARGET_AVX512
#define ROSTE_SIMD_NAMESPACE avx512
#include "roste/cpu/simd/shift_codes_kernel.inc"
#undef ROSTE_SIMD_NAMESPACE
ROSTE_TARGET_END
#endif

namespace roste::cpu::detail {

// out[i] := codes[i] - shift, i < n. Where a code is invalid, `out` holds its low byte.
template <class Code, ByteType Shifted>
ShiftedRun shift_codes_portable(const Code* codes, std::int64_t n, CodeShift how, Shifted* out) {
  std::int32_t smallest = how.codes.min, largest = how.codes.max;
  std::uint32_t sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int32_t code = codes[i];
    smallest = code < smallest ? code : smallest;
    largest = code > largest ? code : largest;
    out[i] = static_cast<Shifted>(code - how.shift);
    sum += static_cast<std::uint32_t>(code - how.shift);
  }
  return {static_cast<std::int32_t>(sum), smallest == how.codes.min && largest == how.codes.max};
}

// The same on the instruction set `isa`; codes of 16 bits have no kernel of their own.
template <class Code, ByteType Shifted>
ShiftedRun shift_codes(const Code* codes, std::int64_t n, CodeShift how, Shifted* out, Isa isa) {
#if ROSTE_X86_KERNELS
  if constexpr (ByteType<Code>) {
    if (isa == Isa::kAvx512) return simd::avx512::shift_codes(codes, n, how, out);
    if (isa == Isa::kAvx2) return simd::avx2::shift_codes(codes, n, how, out);
  }
#endif
  (void)isa;
  return shift_codes_portable(codes, n, how, out);
}

// shift_rows for any codes.
template <class Code>
bool shift_rows_portable(MatrixView<const Code> codes, CodeRange range, RowTerms* rows,
                         Pieces<std::int8_t> out) {
  bool valid = true;
  for (std::int64_t r = 0; r < codes.rows; ++r) {
    for (std::int64_t i = 0; i < codes.cols; i += kPieceBytes) {
      const std::int64_t n = codes.cols - i < kPieceBytes ? codes.cols - i : kPieceBytes;
      const ShiftedRun run =
          shift_codes_portable(codes.row(r) + i, n, {range, rows[r].start},
                               out.bytes + r * kPieceBytes + i / kPieceBytes * out.stride);
      const std::int64_t sum = rows[r].sum;
      rows[r].sum = static_cast<std::int32_t>(sum + run.sum);
      valid &= run.valid;
    }
  }
  return valid;
}

// Rows of codes into a tile: row r, less rows[r].start, into pieces from out.bytes + 64 r on; adds
// its sum to rows[r].sum, modulo 2^32. False where a code lies outside of `range`.
template <class Code>
bool shift_rows(MatrixView<const Code> codes, CodeRange range, RowTerms* rows,
                Pieces<std::int8_t> out, Isa isa) {
#if ROSTE_X86_KERNELS
  if constexpr (ByteType<Code>) {
    if (isa == Isa::kAvx512) return simd::avx512::shift_rows(codes, range, rows, out);
    if (isa == Isa::kAvx2) return simd::avx2::shift_rows(codes, range, rows, out);
  }
#endif
  (void)isa;
  return shift_rows_portable(codes, range, rows, out);
}

}  // namespace roste::cpu::detail
