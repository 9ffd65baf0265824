#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "roste/core/packing.h"

namespace roste {
namespace {

using Codes = std::vector<std::int16_t>;
using Bytes = std::vector<std::uint8_t>;

Bytes packed(const Codes& codes, CodeRange range, int bits) {
  Bytes bytes(packed_bytes(codes.size(), bits), 0xff);
  pack(std::span<const std::int16_t>(codes), range, bytes);
  return bytes;
}

TEST(Packing, GoldenLayout) {
  EXPECT_EQ(packed({1, 2, 15}, {0, 15}, 4), (Bytes{0x21, 0x0f}));
  EXPECT_EQ(packed({-8, 7, 0}, {-8, 7}, 4), (Bytes{0xf0, 0x08}));
  // 3 bits: 1 | 2 << 3 | 3 << 6 | 4 << 9 | 5 << 12
  EXPECT_EQ(packed({1, 2, 3, 4, 5}, {0, 7}, 3), (Bytes{0xd1, 0x58}));
  EXPECT_EQ(packed({1, 0, 1, 1, 0, 0, 0, 1, 1}, {0, 1}, 1), (Bytes{0x8d, 0x01}));
}

TEST(Packing, P14_AllCodesAtAllPositions) {
  for (int bits = 1; bits <= 8; ++bits) {
    for (const RangeRule rule : {RangeRule::kZeroIncluded, RangeRule::kSymmetric}) {
      if (bits == 1 && rule == RangeRule::kSymmetric) continue;
      const CodeRange range = code_range(rule, bits);
      for (std::size_t length = 0; length <= 67; ++length) {
        Codes codes(length);
        for (int shift = 0; shift <= range.max - range.min; ++shift) {
          for (std::size_t i = 0; i < length; ++i) {
            const int step = static_cast<int>(i * 7) + shift;
            codes[i] = static_cast<std::int16_t>(range.min + step % (range.max - range.min + 1));
          }
          Codes back(length, -99);
          unpack(std::span<const std::uint8_t>(packed(codes, range, bits)), range,
                 std::span<std::int16_t>(back));
          ASSERT_EQ(back, codes) << bits << " bits, length " << length;
        }
      }
    }
  }
}

TEST(Packing, P14_AllBytesOfTwo) {
  for (const int bits : {1, 2, 4, 8}) {
    const CodeRange range = code_range(RangeRule::kZeroIncluded, bits);
    for (int value = 0; value < 65536; ++value) {
      const Bytes bytes = {static_cast<std::uint8_t>(value & 255),
                           static_cast<std::uint8_t>(value >> 8)};
      Codes codes(16u / static_cast<unsigned>(bits));
      unpack(std::span<const std::uint8_t>(bytes), range, std::span<std::int16_t>(codes));
      ASSERT_EQ(packed(codes, range, bits), bytes);
    }
  }
}

TEST(Packing, QN24_BufferOfTheWrongSize) {
  const Codes codes(5, 1);
  Bytes shorter(2), longer(4);
  EXPECT_THROW(pack(std::span<const std::int16_t>(codes), {0, 15}, shorter), std::invalid_argument);
  EXPECT_THROW(pack(std::span<const std::int16_t>(codes), {0, 15}, longer), std::invalid_argument);
  Codes back(5);
  EXPECT_THROW(unpack(std::span<const std::uint8_t>(shorter), {0, 15}, std::span(back)),
               std::invalid_argument);
}

TEST(Packing, QN24_JunkInThePadBits) {
  Codes back(3);
  const Bytes clean = {0x21, 0x0f}, junk = {0x21, 0x1f};
  EXPECT_NO_THROW(unpack(std::span<const std::uint8_t>(clean), {0, 15}, std::span(back)));
  EXPECT_THROW(unpack(std::span<const std::uint8_t>(junk), {0, 15}, std::span(back)),
               std::invalid_argument);
}

TEST(Packing, CodesOutsideOfTheRange) {
  EXPECT_THROW(packed({16}, {0, 15}, 4), std::invalid_argument);
  EXPECT_THROW(packed({-9}, {-8, 7}, 4), std::invalid_argument);
}

TEST(Packing, QN18_SizesThatOverflow) {
  EXPECT_EQ(packed_bytes(0, 4), 0u);
  EXPECT_EQ(packed_bytes(9, 3), 4u);
  EXPECT_THROW(packed_bytes(SIZE_MAX / 2, 4), std::invalid_argument);
  EXPECT_THROW(packed_bytes(4, 9), std::invalid_argument);
  EXPECT_THROW(packed_bytes(4, 0), std::invalid_argument);
}

}  // namespace
}  // namespace roste
