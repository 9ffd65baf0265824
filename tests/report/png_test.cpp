#include "reference_trainer/report/png.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "reference_trainer/report/crc32.h"

namespace trainer {
namespace {

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

struct Chunk {
  std::string type, data;
};

// Chunks behind the signature, with their checks verified.
std::vector<Chunk> chunks_of(const std::string& png) {
  EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
  std::vector<Chunk> chunks;
  for (std::size_t at = 8; at < png.size();) {
    const std::size_t length = big_endian(png, at);
    chunks.push_back({png.substr(at + 4, 4), png.substr(at + 8, length)});
    EXPECT_EQ(big_endian(png, at + 8 + length), crc32(png.substr(at + 4, 4 + length), kCrc32));
    at += 12 + length;
  }
  return chunks;
}

// The data of a zlib stream of stored blocks, whose lengths and last check are verified.
std::string unpacked(const std::string& zlib) {
  EXPECT_EQ((big_endian(zlib, 0) >> 16) % 31, 0u);
  std::string data;
  std::size_t at = 2;
  for (bool last = false; !last;) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(zlib.at(at + i)); };
    last = byte(0) == 1;
    EXPECT_LE(byte(0), 1);
    const std::size_t length = byte(1) | byte(2) << 8;
    EXPECT_EQ(length ^ 0xffff, static_cast<std::size_t>(byte(3) | byte(4) << 8));
    data += zlib.substr(at + 5, length);
    at += 5 + length;
  }
  std::uint64_t a = 1, b = 0;  // RFC 1950: two sums modulo 65521
  for (const char c : data) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  EXPECT_EQ(big_endian(zlib, at), b * 65536 + a);
  EXPECT_EQ(zlib.size(), at + 4);
  return data;
}

TEST(Png, SmallPicture) {
  const std::vector<std::uint8_t> pixels = {0, 1, 2, 2, 1, 0};
  const std::vector<Rgb> palette = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}};
  const std::vector<Chunk> chunks = chunks_of(indexed_png(3, pixels, palette));
  ASSERT_EQ(chunks.size(), 4u);
  EXPECT_EQ(chunks[0].type, "IHDR");
  EXPECT_EQ(chunks[0].data, std::string("\0\0\0\x03\0\0\0\x02\x08\x03\0\0\0", 13));
  EXPECT_EQ(chunks[1].type, "PLTE");
  EXPECT_EQ(chunks[1].data, std::string("\xff\0\0\0\xff\0\0\0\xff", 9));
  EXPECT_EQ(chunks[2].type, "IDAT");
  EXPECT_EQ(unpacked(chunks[2].data), std::string("\0\0\1\2\0\2\1\0", 8));
  EXPECT_EQ(chunks[3].type, "IEND");
}

// 300 * (300 + 1) bytes need two stored blocks.
TEST(Png, LargePicture) {
  std::vector<std::uint8_t> pixels(300 * 300);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 7);
  const std::vector<Rgb> palette(256);
  const std::string rows = unpacked(chunks_of(indexed_png(300, pixels, palette))[2].data);
  ASSERT_EQ(rows.size(), 300u * 301);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    ASSERT_EQ(static_cast<std::uint8_t>(rows[i / 300 * 301 + 1 + i % 300]), pixels[i]);
}

TEST(Png, RefusesShapesThatAreNone) {
  const std::vector<std::uint8_t> pixels(6);
  const std::vector<Rgb> palette(1);
  EXPECT_THROW(indexed_png(4, pixels, palette), std::invalid_argument);
  EXPECT_THROW(indexed_png(0, pixels, palette), std::invalid_argument);
  EXPECT_THROW(indexed_png(3, {}, palette), std::invalid_argument);
  EXPECT_THROW(indexed_png(3, pixels, {}), std::invalid_argument);
  EXPECT_THROW(indexed_png(3, pixels, std::vector<Rgb>(257)), std::invalid_argument);
}

// RFC 4648, section 10.
TEST(Base64, VectorsOfTheStandard) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) EXPECT_EQ(base64(bytes), text);
  EXPECT_EQ(base64("\xff\xef\xfe"), "/+/+");
}

}  // namespace
}  // namespace trainer
