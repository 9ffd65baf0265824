// Bit-packed codes, layout version 1.
//
// Code number i of b bits is stored unsigned in bits [i b, (i + 1) b) of the byte stream, where bit
// k of the stream is bit k % 8 (least significant first) of byte k / 8. A symmetric code is stored
// as code + 2^(b-1), an asymmetric one as it is: code - codes.min in both cases. The pad bits of
// the last byte are zero. Two 4-bit codes share a byte, the first one in the low half.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "roste/core/grid.h"

namespace roste {

inline constexpr int kPackingVersion = 1;

namespace detail {

inline void check_packed_size(std::size_t codes, int bits, std::size_t bytes) {
  if (bits < 1 || bits > 8) {
    throw std::invalid_argument("roste: packing codes of " + std::to_string(bits) +
                                " bits; expected 1 to 8");
  }
  const std::size_t needed = (codes * static_cast<std::size_t>(bits) + 7) / 8;
  if (bytes != needed) {
    throw std::invalid_argument("roste: " + std::to_string(codes) + " codes of " +
                                std::to_string(bits) + " bits in a buffer of " +
                                std::to_string(bytes) + " bytes; expected " +
                                std::to_string(needed));
  }
}

inline int width_of(CodeRange codes) {
  int bits = 0;
  while ((codes.max - codes.min) >> bits) ++bits;
  return bits;
}

}  // namespace detail

// Bytes that hold `count` codes of `bits` bits, 1 ... 8. Throws std::invalid_argument on overflow.
inline std::size_t packed_bytes(std::size_t count, int bits) {
  if (bits < 1 || bits > 8 || count > (SIZE_MAX - 7) / 8) {
    throw std::invalid_argument("roste: packing " + std::to_string(count) + " codes of " +
                                std::to_string(bits) +
                                " bits; expected 1 to 8 bits and fewer "
                                "than 2^61 codes");
  }
  return (count * static_cast<std::size_t>(bits) + 7) / 8;
}

// Packs codes of `range` (at most 8 bits) into packed_bytes(codes.size(), bits) bytes; the buffers
// must not overlap. Throws std::invalid_argument for a wrong buffer size or a code outside of
// range.
template <class Code>
void pack(std::span<const Code> codes, CodeRange range, std::span<std::uint8_t> bytes) {
  const int bits = detail::width_of(range);
  detail::check_packed_size(codes.size(), bits, bytes.size());
  std::uint32_t pending = 0;  // bits that do not fill a byte yet, fewer than 8 between codes
  int held = 0;
  std::size_t next = 0;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const std::int32_t code = codes[i];
    if (code < range.min || code > range.max) {
      throw std::invalid_argument("roste: code " + std::to_string(code) + " at " +
                                  std::to_string(i) + "; expected " + std::to_string(range.min) +
                                  " to " + std::to_string(range.max));
    }
    pending |= static_cast<std::uint32_t>(code - range.min) << held;
    held += bits;
    for (; held >= 8; held -= 8, pending >>= 8) bytes[next++] = static_cast<std::uint8_t>(pending);
  }
  if (held > 0) bytes[next] = static_cast<std::uint8_t>(pending);
}

// The inverse of pack. Throws std::invalid_argument for a wrong buffer size or a pad bit that is
// set.
template <class Code>
void unpack(std::span<const std::uint8_t> bytes, CodeRange range, std::span<Code> codes) {
  const int bits = detail::width_of(range);
  detail::check_packed_size(codes.size(), bits, bytes.size());
  const std::uint32_t mask = (1u << bits) - 1u;
  std::uint32_t pending = 0;
  int held = 0;
  std::size_t next = 0;
  for (Code& code : codes) {
    if (held < bits) {
      pending |= static_cast<std::uint32_t>(bytes[next++]) << held;
      held += 8;
    }
    code = static_cast<Code>(static_cast<std::int32_t>(pending & mask) + range.min);
    pending >>= bits;
    held -= bits;
  }
  if (pending != 0) {
    throw std::invalid_argument("roste: pad bits of the last of " + std::to_string(bytes.size()) +
                                " packed bytes are set; expected zero");
  }
}

}  // namespace roste
