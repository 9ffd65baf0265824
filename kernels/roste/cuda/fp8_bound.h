// When a tensor core's FP8 products of codes are exact, and how a small integer is an FP8 number.
//
// u = q - z of grids up to 4 bits, at most 16 in magnitude, is an e4m3 number, and so a product
// with e4m3 operands could be the integer sum itself. Hopper adds such products up in registers
// with 13 bits behind the leading one (measured by others; scripts/gpu_check.sh compares with the
// int8 product), and adds these sums to a float from time to time. So integers are exact as long as
// every partial sum within such a chunk of columns stays below 2^14 and every total at most 2^24.
// The bound has to be taken chunk by chunk: over a whole row of 4096 columns it would refuse almost
// all data.
#pragma once

#include <cstdint>
#include <span>

#include "roste/core/host_device.h"

namespace roste::cuda {

inline constexpr std::int32_t kChunkColumns = 128;       // added up before they reach a float
inline constexpr std::int64_t kExactBelow = 1 << 14;     // partial sums of a chunk
inline constexpr std::int64_t kExactTotal = 1 << 24;     // sums of chunks, in float
inline constexpr std::int32_t kLargestE4m3Integer = 16;  // 1 to 16 have at most 4 bits

// An e4m3 number: sign, 4 bits of exponent with bias 7, 3 bits of mantissa.
struct E4m3 {
  std::uint8_t bits = 0;
};

// The e4m3 number of an integer of -16 ... 16; exact.
ROSTE_HD constexpr E4m3 e4m3_of(std::int32_t u) {
  const std::uint32_t sign = u < 0 ? 0x80u : 0u;
  std::uint32_t magnitude = static_cast<std::uint32_t>(u < 0 ? -u : u);
  if (magnitude == 0) return {0};
  std::uint32_t exponent = 7 + 3;  // of 8 ... 15, whose mantissas are the integers themselves
  for (; magnitude < 8; magnitude *= 2) --exponent;
  for (; magnitude > 15; magnitude /= 2) ++exponent;
  return {static_cast<std::uint8_t>(sign | exponent << 3 | (magnitude & 7u))};
}

// Whether every sum of some of the products u_x u_w of one chunk of columns is below 2^14, given
// the sums of squares of u_x and of u_w in it: |sum| <= |u_x| |u_w| by Cauchy and Schwarz.
ROSTE_HD constexpr bool chunk_is_exact(std::int64_t squares_x, std::int64_t squares_w) {
  return squares_x * squares_w < kExactBelow * kExactBelow;
}

// Sums of squares in a chunk of n columns with |u| <= offset, without looking at the data.
ROSTE_HD constexpr std::int64_t largest_squares(std::int64_t n, std::int64_t offset) {
  return n * offset * offset;
}

// Which arithmetic makes the integer sums.
enum class ProductRoute { kInt8, kFp8 };

// kFp8 where it is proved to give the sums of int8: |u_x| <= offset_x, |u_w| <= offset_w, and
// squares_w [ceil(columns / kChunkColumns)] holds, for each chunk, the largest sum of squares of
// any row of weights.
inline ProductRoute product_route(std::int64_t columns, std::int64_t offset_x,
                                  std::int64_t offset_w, std::span<const std::int32_t> squares_w) {
  if (offset_x > kLargestE4m3Integer || offset_w > kLargestE4m3Integer) return ProductRoute::kInt8;
  if (static_cast<std::int64_t>(squares_w.size()) * kExactBelow > kExactTotal) {
    return ProductRoute::kInt8;
  }
  for (std::int64_t first = 0; const std::int32_t squares : squares_w) {
    const std::int64_t left = columns - first;
    const std::int64_t n = left < kChunkColumns ? left : kChunkColumns;
    if (!chunk_is_exact(largest_squares(n, offset_x), squares)) return ProductRoute::kInt8;
    first += kChunkColumns;
  }
  return ProductRoute::kFp8;
}

}  // namespace roste::cuda
