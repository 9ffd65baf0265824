// Codes moved into the bytes that kernels of integer products read, with their sum.
#pragma once

#include <concepts>
#include <cstdint>

#include "roste/core/grid.h"
#include "roste/cpu/isa.h"

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

}  // namespace roste::cpu::detail
