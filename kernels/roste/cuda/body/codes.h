// Codes in memory: a byte each, or two to a byte.
#pragma once

#include <cstdint>

#include "roste/core/grid.h"
#include "roste/cuda/body/chunk.h"
#include "roste/cuda/team/kernel_function.h"

namespace roste::cuda {

// kBytes: int8 for a symmetric grid, uint8 for others. kNibbles: the layout of core/packing.h at 4
// bits, each row from a byte border.
enum class CodeStorage { kBytes, kNibbles };

// Codes of a matrix, or none where data is null.
template <class Byte>
struct CodeMatrix {
  Byte* data = nullptr;
  std::int64_t stride = 0;  // bytes from a row to the next
  CodeStorage storage = CodeStorage::kBytes;

  // Where the codes from column col on are; nibbles start at an even column.
  ROSTE_HD Byte* at(std::int64_t row, std::int64_t col) const {
    return data + row * stride + (storage == CodeStorage::kNibbles ? col / 2 : col);
  }
};

namespace detail {

template <int kValues>
struct Codes {
  std::int32_t q[kValues];
};

template <int kValues>
ROSTE_KERNEL Codes<kValues> encode_chunk(const Chunk<kValues>& chunk, GroupParams params,
                                         CodeRange codes) {
  Codes<kValues> result;
  ROSTE_UNROLLED
  for (int i = 0; i < kValues; ++i) result.q[i] = encode(chunk.v[i], params, codes);
  return result;
}

template <int kValues>
ROSTE_KERNEL void store_nibbles(const Codes<kValues>& codes, int count, std::int32_t smallest,
                                std::uint8_t* to) {
  std::uint8_t bytes[kValues / 2];
  ROSTE_UNROLLED
  for (int i = 0; i < kValues / 2; ++i) {
    const std::int32_t low = codes.q[2 * i] - smallest;
    const std::int32_t high = 2 * i + 1 < count ? codes.q[2 * i + 1] - smallest : 0;
    bytes[i] = static_cast<std::uint8_t>(low | high << 4);
  }
  if (count == kValues) return write_run<kValues / 2>(bytes, to);
  ROSTE_UNROLLED
  for (int i = 0; i < kValues / 2; ++i) {
    if (2 * i < count) to[i] = bytes[i];
  }
}

template <int kValues>
ROSTE_KERNEL void store_bytes(const Codes<kValues>& codes, int count, std::uint8_t* to) {
  std::uint8_t bytes[kValues];
  ROSTE_UNROLLED
  for (int i = 0; i < kValues; ++i) bytes[i] = static_cast<std::uint8_t>(codes.q[i]);
  if (count == kValues) return write_run<kValues>(bytes, to);
  ROSTE_UNROLLED
  for (int i = 0; i < kValues; ++i) {
    if (i < count) to[i] = bytes[i];
  }
}

// The first `count` codes to (row, col).
template <int kValues>
ROSTE_KERNEL void store_codes(const Codes<kValues>& codes, int count, std::int32_t smallest,
                              const CodeMatrix<std::uint8_t>& to, std::int64_t row,
                              std::int64_t col) {
  if (to.storage == CodeStorage::kNibbles) {
    store_nibbles(codes, count, smallest, to.at(row, col));
  } else {
    store_bytes(codes, count, to.at(row, col));
  }
}

// The first `count` codes from (row, col); anything behind them.
template <int kValues>
ROSTE_KERNEL Codes<kValues> load_codes(const CodeMatrix<const std::uint8_t>& from, int count,
                                       std::int32_t smallest, std::int64_t row, std::int64_t col) {
  Codes<kValues> codes;
  const bool nibbles = from.storage == CodeStorage::kNibbles;
  const std::uint8_t* bytes = from.at(row, col);
  ROSTE_UNROLLED
  for (int i = 0; i < kValues; ++i) {
    const std::uint8_t byte = i < count ? bytes[nibbles ? i / 2 : i] : std::uint8_t{0};
    const std::int32_t stored = nibbles ? byte >> i % 2 * 4 & 15 : byte;
    const std::int32_t is_signed = smallest < 0 ? static_cast<std::int8_t>(byte) : stored;
    codes.q[i] = nibbles ? stored + smallest : is_signed;
  }
  return codes;
}

}  // namespace detail

}  // namespace roste::cuda
