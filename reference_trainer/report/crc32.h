// Cyclic redundancy checks of 32 bits, reflected, with ones before and after.
#pragma once

#include <cstdint>
#include <string_view>

namespace trainer {

inline constexpr std::uint32_t kCrc32 = 0xedb88320;   // PNG, annex D
inline constexpr std::uint32_t kCrc32c = 0x82f63b78;  // Castagnoli: TFRecord, RFC 3720

// The check of `bytes` with the reversed `polynomial`.
constexpr std::uint32_t crc32(std::string_view bytes, std::uint32_t polynomial) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
  }
  return ~crc;
}

}  // namespace trainer
