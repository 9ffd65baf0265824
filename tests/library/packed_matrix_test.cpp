// Packed matrices in memory and as bytes of a file.
#include "roste/core/packed_matrix.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "roste/core/checksum.h"
#include "roste/core/packed_file.h"

namespace roste {
namespace {

using Bytes = std::vector<std::uint8_t>;

Scheme scheme_of(RangeRule rule, int bits, Grouping grouping) {
  return {make_grid(rule, bits), grouping};
}

constexpr Grouping kPerTensor{Grouping::Kind::kTensor, 0};
constexpr Grouping kPerRow{Grouping::Kind::kRow, 0};

// A 2 x 3 matrix of 4 bits with a scale per row.
PackedMatrix small() {
  const std::vector<std::uint8_t> codes = {1, 2, 15, 0, 7, 8};
  return pack_matrix(scheme_of(RangeRule::kZeroIncluded, 4, kPerRow), 2, 3, {{0.5f, 3}, {2.0f, 15}},
                     std::span<const std::uint8_t>(codes));
}

// rows x cols codes that run through all of the grid's.
PackedMatrix counted(const Scheme& scheme, std::int64_t rows, std::int64_t cols) {
  const CodeRange range = scheme.grid.codes;
  std::vector<std::int16_t> codes;
  for (std::int64_t i = 0; i < rows * cols; ++i) {
    codes.push_back(static_cast<std::int16_t>(range.min + 7 * i % (range.max - range.min + 1)));
  }
  const auto groups = static_cast<std::size_t>(group_layout(scheme.grouping, rows, cols).count);
  return pack_matrix(scheme, rows, cols, std::vector<GroupParams>(groups, {0.25f, 0}),
                     std::span<const std::int16_t>(codes));
}

void put(std::uint64_t value, std::size_t at, std::size_t size, Bytes& file) {
  for (std::size_t i = 0; i < size; ++i) file[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
}

// Makes both checksums right again, so that the other checks are reached.
void sign(Bytes& file) {
  put(crc32(std::span<const std::uint8_t>(file).subspan(64)), 56, 4, file);
  put(crc32(std::span<const std::uint8_t>(file).first(60)), 60, 4, file);
}

std::string refusal(const Bytes& file) {
  try {
    read_packed_file(file);
  } catch (const std::invalid_argument& e) {
    return e.what();
  }
  return "accepted";
}

void expect_refusal(const Bytes& file, std::string_view words) {
  EXPECT_NE(refusal(file).find(words), std::string::npos) << refusal(file);
}

TEST(Checksum, IsTheOneOfEthernetAndGzip) {
  const std::string_view digits = "123456789";
  const Bytes bytes(digits.begin(), digits.end());
  EXPECT_EQ(crc32(bytes), 0xcbf43926u);
  EXPECT_EQ(crc32({}), 0u);
  EXPECT_EQ(crc32(Bytes(32, 0xff)), 0xff6cab0bu);
}

TEST(PackedMatrix, RowsStartAtBytes) {
  const PackedMatrix m = small();
  EXPECT_EQ(m.bits(), 4);
  EXPECT_EQ(m.codes, (Bytes{0x21, 0x0f, 0x70, 0x08}));
  EXPECT_EQ(m.row(1)[0], 0x70);
}

TEST(PackedMatrix, EverySchemeComesBackThroughAFile) {
  for (const RangeRule rule :
       {RangeRule::kSymmetric, RangeRule::kZeroIncluded, RangeRule::kTight, RangeRule::kPaperEq4}) {
    for (int bits = rule == RangeRule::kSymmetric ? 2 : 1; bits <= 8; ++bits) {
      for (const Grouping grouping : {kPerTensor, kPerRow, Grouping{Grouping::Kind::kGroup, 11},
                                      Grouping{Grouping::Kind::kGroup, 20, Tail::kShorter}}) {
        const PackedMatrix m = counted(scheme_of(rule, bits, grouping), 5, 33);
        const PackedMatrix back = read_packed_file(write_packed_file(m));
        ASSERT_EQ(back.codes, m.codes);
        ASSERT_EQ(back.params, m.params);
        ASSERT_EQ(back.rows, 5);
        ASSERT_EQ(back.cols, 33);
        ASSERT_EQ(back.scheme.grid.rule, rule);
        ASSERT_EQ(back.scheme.grid.codes.min, m.scheme.grid.codes.min);
        ASSERT_EQ(back.scheme.grid.codes.max, m.scheme.grid.codes.max);
        ASSERT_EQ(back.scheme.grouping.kind, grouping.kind);
        ASSERT_EQ(back.scheme.grouping.size, grouping.size);
        ASSERT_EQ(back.scheme.grouping.tail, grouping.tail);
        std::vector<std::int16_t> codes(5 * 33), expected(5 * 33);
        unpack_matrix(back, std::span<std::int16_t>(codes));
        unpack_matrix(m, std::span<std::int16_t>(expected));
        ASSERT_EQ(codes, expected);
        ASSERT_EQ(codes[3], m.scheme.grid.codes.min + 21 % (1 << bits));
      }
    }
  }
}

TEST(PackedMatrix, EmptyMatricesAreFiles) {
  for (const auto& [rows, cols] : {std::pair{0, 5}, {5, 0}, {0, 0}}) {
    const PackedMatrix m = pack_matrix(scheme_of(RangeRule::kTight, 3, kPerRow), rows, cols, {},
                                       std::span<const std::uint8_t>());
    const PackedMatrix back = read_packed_file(write_packed_file(m));
    EXPECT_EQ(back.rows, rows);
    EXPECT_EQ(back.cols, cols);
  }
}

TEST(PackedMatrix, FieldsThatDisagreeAreRefused) {
  PackedMatrix m = small();
  m.params.pop_back();
  EXPECT_THROW(check_packed_matrix(m), std::invalid_argument);
  m = small();
  m.codes.pop_back();
  EXPECT_THROW(check_packed_matrix(m), std::invalid_argument);
  m = small();
  m.scheme.grid.codes = {1, 16};
  EXPECT_THROW(check_packed_matrix(m), std::invalid_argument);
  m = small();
  m.scheme.grid.codes = {0, 511};
  EXPECT_THROW(check_packed_matrix(m), std::invalid_argument);
  m = small();
  m.scheme.grid.clip = 0.0f;
  EXPECT_THROW(check_packed_matrix(m), std::invalid_argument);
  m = small();
  m.rows = -1;
  EXPECT_THROW(check_packed_matrix(m), std::invalid_argument);
  m = small();
  m.cols = kMaxPackedSide + 1;
  EXPECT_THROW(check_packed_matrix(m), std::invalid_argument);
  m = small();
  m.codes[1] |= 0x80;  // row 0 ends in the middle of this byte
  EXPECT_THROW(check_packed_matrix(m), std::invalid_argument);
  for (const float scale : {0.0f, -1.0f, std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN()}) {
    m = small();
    m.params[1].scale = scale;
    EXPECT_THROW(check_packed_matrix(m), std::invalid_argument) << scale;
  }
  std::vector<std::uint8_t> codes(5);
  EXPECT_THROW(unpack_matrix(small(), std::span<std::uint8_t>(codes)), std::invalid_argument);
  EXPECT_THROW(
      pack_matrix(small().scheme, 2, 3, small().params, std::span<const std::uint8_t>(codes)),
      std::invalid_argument);
}

TEST(PackedMatrix, ZeroPointsAreThoseOfTheirRule) {
  const auto with_zero = [](RangeRule rule, std::int32_t zero) {
    PackedMatrix m = counted(scheme_of(rule, 4, kPerTensor), 1, 4);
    m.params[0].zero = zero;
    return m;
  };
  for (const auto& [rule, low, high] : {std::tuple{RangeRule::kSymmetric, 0, 0},
                                        {RangeRule::kZeroIncluded, 0, 15},
                                        {RangeRule::kTight, -(1 << 30), 1 << 30},
                                        {RangeRule::kPaperEq4, -(1 << 30), 1 << 30}}) {
    EXPECT_NO_THROW(check_packed_matrix(with_zero(rule, low)));
    EXPECT_NO_THROW(check_packed_matrix(with_zero(rule, high)));
    EXPECT_THROW(check_packed_matrix(with_zero(rule, low - 1)), std::invalid_argument);
    EXPECT_THROW(check_packed_matrix(with_zero(rule, high + 1)), std::invalid_argument);
  }
}

// Every byte of the layout in docs/formats.md.
TEST(PackedFile, BytesOfASmallMatrix) {
  Bytes expected = {'R',  'S',  'T',  'E',  'P',  'A',  'C',  'K',  1, 0, 0, 0,  // magic, version
                    4,    1,    1,    0,                             // bits, rule, per row
                    0,    0,    0x80, 0x3f, 0,    0,    0,    0,     // clip 1, reserved
                    2,    0,    0,    0,    0,    0,    0,    0,     // rows
                    3,    0,    0,    0,    0,    0,    0,    0,     // cols
                    0,    0,    0,    0,    0,    0,    0,    0,     // group size
                    132,  0,    0,    0,    0,    0,    0,    0,     // file size
                    0xa0, 0x76, 0xde, 0xff, 0x7a, 0x45, 0xad, 0xd3,  // checksums, by zlib
                    0,    0,    0,    0x3f, 0,    0,    0,    0x40,  // scales 0.5, 2
                    3,    0,    0,    0,    15,   0,    0,    0};    // zero points 3, 15
  expected.resize(128);
  expected.insert(expected.end(), {0x21, 0x0f, 0x70, 0x08});
  EXPECT_EQ(write_packed_file(small()), expected);
}

// A file of 64 bytes may say so: nothing of it takes as long as the rows are many.
TEST(PackedFile, QN18_ManyRowsOfNothingCostNoTime) {
  const Scheme scheme = scheme_of(RangeRule::kTight, 3, kPerRow);
  const auto start = std::chrono::steady_clock::now();
  const PackedMatrix m =
      pack_matrix(scheme, kMaxPackedSide, 0, {}, std::span<const std::uint8_t>());
  const PackedMatrix back = read_packed_file(write_packed_file(m));
  unpack_matrix(back, std::span<std::int16_t>());
  EXPECT_EQ(back.rows, kMaxPackedSide);
  // Two billion steps take seconds; this takes microseconds.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
}

TEST(PackedFile, HeaderSaysWhereThePartsLie) {
  const PackedMatrix m = counted(scheme_of(RangeRule::kSymmetric, 3, kPerRow), 20, 9);
  const Bytes file = write_packed_file(m);
  const PackedFileHeader header = read_packed_header(file);
  EXPECT_EQ(header.groups, 20u);
  EXPECT_EQ(header.codes_offset, 256u);  // 64 + 20 * 8 = 224, up to the next cache line
  EXPECT_EQ(header.file_bytes, file.size());
  EXPECT_EQ(Bytes(file.begin() + 256, file.end()), m.codes);
}

TEST(PackedFile, AnyChangedByteIsNoticed) {
  const Bytes file = write_packed_file(small());
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      Bytes damaged = file;
      damaged[at] ^= static_cast<std::uint8_t>(flip);
      EXPECT_NE(refusal(damaged), "accepted") << at;
    }
  }
}

TEST(PackedFile, AnyOtherLengthIsNoticed) {
  const Bytes file = write_packed_file(small());
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_NE(refusal(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size))),
              "accepted");
  }
  Bytes longer = file;
  longer.push_back(0);
  sign(longer);
  expect_refusal(longer, "byte 133: the file ends here; expected 132 bytes");
}

// With right checksums every byte takes every value: the result is a refusal or a valid matrix.
TEST(PackedFile, SignedNonsenseIsRefusedOrValid) {
  const Bytes file = write_packed_file(small());
  for (std::size_t at = 8; at < file.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      Bytes hostile = file;
      hostile[at] = static_cast<std::uint8_t>(value);
      if (at < 56 || at >= 64) sign(hostile);
      try {
        check_packed_matrix(read_packed_file(hostile));
      } catch (const std::invalid_argument&) {
      }
    }
  }
}

TEST(PackedFile, FieldsAreNamedWithPlaceValueAndExpectation) {
  const Bytes file = write_packed_file(small());
  const auto with = [&](std::size_t at, std::size_t size, std::uint64_t value) {
    Bytes changed = file;
    put(value, at, size, changed);
    sign(changed);
    return changed;
  };
  expect_refusal(Bytes(63), "byte 0: 63 bytes; expected a header of 64");
  expect_refusal(with(0, 1, 'r'), "expected the bytes RSTEPACK");
  expect_refusal(with(8, 4, 2), "byte 8: version 2; expected 1");
  expect_refusal(with(12, 1, 9), "byte 12: 9 bits");
  expect_refusal(with(12, 1, 0), "byte 12: 0 bits");
  expect_refusal(with(12, 2, 1), "byte 12: 1 bits; expected 1 to 8, 2 to 8 when symmetric");
  expect_refusal(with(13, 1, 4), "byte 13: range rule 4; expected 0 to 3");
  expect_refusal(with(14, 1, 4), "byte 14: granularity 4");
  expect_refusal(with(15, 1, 1), "byte 15: reserved byte 1; expected 0");
  expect_refusal(with(16, 4, 0x40000000), "byte 16: clipping factor 2.0");
  expect_refusal(with(16, 4, 0x7fc00000), "byte 16: clipping factor nan");
  expect_refusal(with(20, 4, 1), "byte 20: reserved bytes 1");
  expect_refusal(with(24, 8, ~0ull), "byte 24: a side of 18446744073709551615 values");
  expect_refusal(with(24, 8, 1ull << 31), "byte 24: 2147483648 groups in 132 bytes");
  expect_refusal(with(32, 8, 1ull << 31), "byte 48: file size 132; expected 2147483776");
  expect_refusal(with(32, 8, (1ull << 31) + 1), "byte 32: a side of 2147483649 values");
  expect_refusal(with(40, 8, 4), "byte 40: groups of 4 values; expected 0");
  expect_refusal(with(48, 8, 131), "byte 48: file size 131; expected 132");
  expect_refusal(with(64, 4, 0), "scale 0.000000 of group 0");
  expect_refusal(with(76, 4, 16), "zero point 16 of group 1; expected 0 to 15");
  expect_refusal(with(100, 1, 1), "byte 100: pad byte 1; expected 0");
  expect_refusal(with(131, 1, 0x18), "bits behind the last code of row 1");
  Bytes grouped = with(14, 1, 2);
  expect_refusal(grouped, "byte 40: groups of 0 values; expected at least 1");
  put(2, 40, 8, grouped);
  sign(grouped);
  expect_refusal(grouped, "a group of 2 values does not divide");
  Bytes unsigned_body = file;
  unsigned_body[130] ^= 1;
  expect_refusal(unsigned_body, "byte 56: checksum of the rest");
}

}  // namespace
}  // namespace roste
