// Packed codes of one contiguous run, by the instruction set of the caller's choice. Bytes are
// those of pack() in core/packing.h; a stored code is code - codes.min.
#pragma once

#include <cstdint>
#include <span>

#include "roste/core/packing.h"
#include "roste/cpu/detail/group_kernel.h"
#include "roste/cpu/detail/number_run.h"
#include "roste/cpu/isa.h"
#include "roste/cpu/simd/quantize_packed.h"

namespace roste::cpu::detail {

// Bytes of n codes of `bits` bits.
inline std::int64_t bytes_of(std::int64_t n, int bits) { return (n * bits + 7) / 8; }

// n stored codes to bytes_of(n, bits) bytes; a multiple of 8 codes ends at a byte.
inline void pack_run(Isa isa, const std::uint8_t* stored, std::int64_t n, int bits,
                     std::uint8_t* bytes) {
  std::int64_t done = 0;
#if ROSTE_X86_KERNELS
  if (isa != Isa::kPortable) {
    done = n - n % 8;
    if (isa == Isa::kAvx512) simd::avx512::pack_codes(stored, done, bits, bytes);
    if (isa == Isa::kAvx2) simd::avx2::pack_codes(stored, done, bits, bytes);
  }
#endif
  const std::size_t rest = static_cast<std::size_t>(n - done);
  pack(std::span(stored + done, rest), {0, (1 << bits) - 1},
       std::span(bytes + done / 8 * bits, static_cast<std::size_t>(bytes_of(n - done, bits))));
}

// The reverse. Throws std::invalid_argument for a pad bit that is set.
inline void unpack_run(Isa isa, const std::uint8_t* bytes, std::int64_t n, int bits,
                       std::uint8_t* stored) {
  std::int64_t done = 0;
#if ROSTE_X86_KERNELS
  if (isa != Isa::kPortable) {
    done = n - n % 8;
    if (isa == Isa::kAvx512) simd::avx512::unpack_codes(bytes, done, bits, stored);
    if (isa == Isa::kAvx2) simd::avx2::unpack_codes(bytes, done, bits, stored);
  }
#endif
  const std::size_t rest = static_cast<std::size_t>(n - done);
  unpack(std::span(bytes + done / 8 * bits, static_cast<std::size_t>(bytes_of(n - done, bits))),
         {0, (1 << bits) - 1}, std::span(stored + done, rest));
}

// n <= kPiece codes of x as they are stored, each in a byte of its own: code - codes.min.
inline void encode_stored_run(Isa isa, FloatRun run, GroupParams params, CodeRange codes,
                              std::uint8_t* stored) {
  if (codes.min == 0) return encode_run(isa, run, params, codes, stored);
  std::int8_t signed_codes[kPiece];
  encode_run(isa, run, params, codes, signed_codes);
  for (std::int64_t i = 0; i < run.n; ++i) {
    stored[i] = static_cast<std::uint8_t>(signed_codes[i] - codes.min);
  }
}

// The codes of a run that starts at a byte, packed. codes: of at most 8 bits.
inline void encode_packed_run(Isa isa, FloatRun run, GroupParams params, CodeRange codes,
                              std::uint8_t* bytes) {
  const int bits = roste::detail::width_of(codes);
#if ROSTE_X86_KERNELS
  const FastGrid grid = fast_grid(params, codes);
  if (bits == 4 && isa != Isa::kPortable && grid.usable) {
    if (isa == Isa::kAvx512) return simd::avx512::encode_nibbles(grid, codes.min, run, bytes);
    return simd::avx2::encode_nibbles(grid, codes.min, run, bytes);
  }
#endif
  for_each_piece(run.n, [&](std::int64_t first, std::int64_t count) {
    std::uint8_t stored[kPiece];
    encode_stored_run(isa, piece_of(run, first, count), params, codes, stored);
    pack_run(isa, stored, count, bits, bytes + first / 8 * bits);
  });
}

inline void encode_packed_run(Isa isa, const float* x, GroupParams params, CodeRange codes,
                              std::int64_t n, std::uint8_t* bytes) {
  encode_packed_run(isa, FloatRun{x, n}, params, codes, bytes);
}

// The values of a packed run that starts at a byte. Throws std::invalid_argument for a pad bit that
// is set, when `n` codes end inside of a byte.
inline void decode_packed_run(Isa isa, const std::uint8_t* bytes, GroupParams params,
                              CodeRange codes, std::int64_t n, float* out) {
  const int bits = roste::detail::width_of(codes);
  const GroupParams stored_params = {params.scale, params.zero - codes.min};
#if ROSTE_X86_KERNELS
  if (bits == 4 && isa != Isa::kPortable) {
    std::uint8_t last;  // is checked here, as nothing else looks at the pad bits
    if (n % 2 != 0) unpack_run(Isa::kPortable, bytes + n / 2, 1, bits, &last);
    float values[16];
    for (int code = 0; code < 16; ++code) values[code] = decode(code, stored_params);
    if (isa == Isa::kAvx512) return simd::avx512::decode_nibbles(bytes, values, n, out);
    return simd::avx2::decode_nibbles(bytes, values, n, out);
  }
#endif
  for_each_piece(n, [&](std::int64_t first, std::int64_t count) {
    std::uint8_t stored[kPiece];
    unpack_run(isa, bytes + first / 8 * bits, count, bits, stored);
    decode_run(isa, stored, stored_params, count, out + first);
  });
}

}  // namespace roste::cpu::detail
