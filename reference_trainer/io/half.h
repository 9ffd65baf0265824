// The two 16-bit float formats of weight files, decoded exactly.
#pragma once

#include <bit>
#include <cstdint>

namespace trainer {

// bfloat16 is the upper half of a float32.
inline float float_from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

// IEEE 754 binary16: 1 sign bit, 5 exponent bits with bias 15, 10 mantissa bits. A NaN keeps its
// payload.
inline float float_from_f16(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 31u;
  const std::uint32_t mantissa = bits & 0x3ffu;
  if (exponent == 0) {  // mantissa * 2^-24: a normal float32, so flush-to-zero cannot touch it
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
  }
  const std::uint32_t rebiased = exponent == 31 ? 255 : exponent + (127 - 15);
  return std::bit_cast<float>(sign | (rebiased << 23) | (mantissa << 13));
}

}  // namespace trainer
