// CRC-32 as in Ethernet, gzip and PNG: polynomial 0x04c11db7, bits reflected, first and last value
// inverted. The checksum of the nine bytes "123456789" is 0xcbf43926.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace roste {

namespace detail {

using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

// Table k advances the remainder of a byte over k further bytes.
constexpr CrcTables make_crc_tables() {
  CrcTables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xedb88320u : 0u);
    tables[0][byte] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

inline constexpr CrcTables kCrcTables = make_crc_tables();

}  // namespace detail

// The checksum of bytes, eight at a time; below 2^32.
inline std::uint32_t crc32(std::span<const std::uint8_t> bytes) {
  const detail::CrcTables& t = detail::kCrcTables;
  std::uint32_t crc = 0xffffffffu;
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    const std::uint8_t* b = bytes.data() + i;
    crc = t[7][(crc ^ b[0]) & 0xff] ^ t[6][(crc >> 8 ^ b[1]) & 0xff] ^
          t[5][(crc >> 16 ^ b[2]) & 0xff] ^ t[4][(crc >> 24 ^ b[3]) & 0xff] ^ t[3][b[4]] ^
          t[2][b[5]] ^ t[1][b[6]] ^ t[0][b[7]];
  }
  for (; i < bytes.size(); ++i) crc = (crc >> 8) ^ t[0][(crc ^ bytes[i]) & 0xff];
  return ~crc;
}

}  // namespace roste
