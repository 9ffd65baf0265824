#include "reference_trainer/report/png.h"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

#include "reference_trainer/report/crc32.h"

namespace trainer {
namespace {

void append_big_endian(std::uint32_t value, std::string& out) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

// RFC 1950, section 8.2.
std::uint32_t adler32(std::string_view bytes) {
  constexpr std::uint32_t kModulus = 65521;
  std::uint32_t a = 1, b = 0;
  for (const char c : bytes) {
    a = (a + static_cast<unsigned char>(c)) % kModulus;
    b = (b + a) % kModulus;
  }
  return b << 16 | a;
}

// A zlib stream of stored blocks (RFC 1951, section 3.2.4): at most 65535 bytes a block.
std::string stored_zlib(std::string_view bytes) {
  constexpr std::size_t kLongestBlock = 65535;
  std::string out = "\x78\x01";
  for (std::size_t begin = 0; begin < bytes.size(); begin += kLongestBlock) {
    const std::size_t length = std::min(kLongestBlock, bytes.size() - begin);
    out += static_cast<char>(begin + length == bytes.size() ? 1 : 0);  // the last block
    for (const std::size_t half : {length, ~length}) {
      out += static_cast<char>(half & 0xff);
      out += static_cast<char>(half >> 8 & 0xff);
    }
    out += bytes.substr(begin, length);
  }
  append_big_endian(adler32(bytes), out);
  return out;
}

void append_chunk(std::string_view type, std::string_view data, std::string& out) {
  append_big_endian(static_cast<std::uint32_t>(data.size()), out);
  const std::string body = std::string(type) + std::string(data);
  out += body;
  append_big_endian(crc32(body, kCrc32), out);
}

void check(std::int64_t width, std::size_t pixels, std::size_t colours) {
  constexpr auto kLargest = static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max());
  if (width < 1 || pixels == 0 || pixels > kLargest ||
      pixels % static_cast<std::size_t>(width) != 0)
    throw std::invalid_argument("indexed_png: got " + std::to_string(pixels) +
                                " pixels in rows of " + std::to_string(width) +
                                ", expected a positive multiple");
  if (colours < 1 || colours > 256)
    throw std::invalid_argument("indexed_png: got " + std::to_string(colours) +
                                " colours, expected 1 to 256");
}

}  // namespace

std::string indexed_png(std::int64_t width, std::span<const std::uint8_t> pixels,
                        std::span<const Rgb> palette) {
  check(width, pixels.size(), palette.size());
  const auto columns = static_cast<std::size_t>(width);
  std::string header, colours, rows;
  append_big_endian(static_cast<std::uint32_t>(width), header);
  append_big_endian(static_cast<std::uint32_t>(pixels.size() / columns), header);
  header +=
      std::string("\x08\x03\x00\x00\x00", 5);  // 8 bits, palette, deflate, filters, no interlace
  for (const Rgb& c : palette) {
    for (const std::uint8_t channel : {c.r, c.g, c.b}) colours += static_cast<char>(channel);
  }
  for (std::size_t begin = 0; begin < pixels.size(); begin += columns) {
    rows += '\0';  // no filter
    for (const std::uint8_t index : pixels.subspan(begin, columns))
      rows += static_cast<char>(index);
  }
  std::string png = "\x89PNG\r\n\x1a\n";
  append_chunk("IHDR", header, png);
  append_chunk("PLTE", colours, png);
  append_chunk("IDAT", stored_zlib(rows), png);
  append_chunk("IEND", "", png);
  return png;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const unsigned byte = i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0;
      group = group << 8 | byte;
    }
    const std::size_t used = std::min<std::size_t>(3, bytes.size() - i) + 1;
    for (std::size_t k = 0; k < 4; ++k)
      text += k < used ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

}  // namespace trainer
