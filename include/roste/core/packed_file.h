// The bytes of a packed matrix in a file or in shared memory; docs/formats.md has the layout to the
// bit. Little-endian on every machine. A reader trusts nothing: every field is checked, and two
// checksums tell damage from a wrong program.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "roste/core/checksum.h"
#include "roste/core/packed_matrix.h"

namespace roste {

inline constexpr std::string_view kPackedFileMagic = "RSTEPACK";
inline constexpr std::uint32_t kPackedFileVersion = 1;
inline constexpr std::size_t kPackedFileHeader = 64;     // bytes
inline constexpr std::size_t kPackedFileAlignment = 64;  // of the codes, a cache line

// What the first 64 bytes say. A program that maps a file into memory finds the parts by these.
struct PackedFileHeader {
  Scheme scheme;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::size_t groups = 0;
  std::size_t codes_offset = 0;  // params lie before: scales from byte 64 on, then zero points
  std::size_t file_bytes = 0;    // of header, params and codes
  std::uint32_t body_crc = 0;    // of all bytes behind the header
};

namespace detail {

// Where the fields of the header lie.
enum PackedField : std::size_t {
  kVersionAt = 8,
  kBitsAt = 12,
  kRuleAt = 13,
  kGranularityAt = 14,
  kReservedAt = 15,
  kClipAt = 16,
  kReserved4At = 20,
  kRowsAt = 24,
  kColsAt = 32,
  kGroupSizeAt = 40,
  kFileBytesAt = 48,
  kBodyCrcAt = 56,
  kHeaderCrcAt = 60,
};

inline void put_little_endian(std::uint64_t value, std::span<std::uint8_t> bytes) {
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(value);
    value >>= 8;
  }
}

inline std::uint64_t little_endian(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

inline std::uint32_t u32_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint32_t>(little_endian(bytes.subspan(at, 4)));
}

[[noreturn]] inline void refuse_packed_file(std::size_t at, const std::string& what,
                                            const std::string& expected) {
  throw std::invalid_argument("roste: packed file, byte " + std::to_string(at) + ": " + what +
                              "; expected " + expected);
}

// Refuses a field unless its value is what it has to be.
inline void expect_field(std::span<const std::uint8_t> bytes, std::size_t at, std::size_t size,
                         std::uint64_t expected, const char* name) {
  const std::uint64_t value = little_endian(bytes.subspan(at, size));
  if (value == expected) return;
  refuse_packed_file(at, std::string(name) + " " + std::to_string(value), std::to_string(expected));
}

inline std::int64_t side_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  const std::uint64_t side = little_endian(bytes.subspan(at, 8));
  if (side <= static_cast<std::uint64_t>(kMaxPackedSide)) return static_cast<std::int64_t>(side);
  refuse_packed_file(at, "a side of " + std::to_string(side) + " values",
                     "at most " + std::to_string(kMaxPackedSide));
}

inline Grid grid_at(std::span<const std::uint8_t> bytes) {
  const int bits = bytes[kBitsAt], rule = bytes[kRuleAt];
  if (rule > static_cast<int>(RangeRule::kPaperEq4)) {
    refuse_packed_file(kRuleAt, "range rule " + std::to_string(rule), "0 to 3");
  }
  if (bits < (rule == 0 ? 2 : 1) || bits > 8) {
    refuse_packed_file(kBitsAt, std::to_string(bits) + " bits", "1 to 8, 2 to 8 when symmetric");
  }
  const float clip = std::bit_cast<float>(u32_at(bytes, kClipAt));
  if (!(clip > 0.0f && clip <= 1.0f)) {
    refuse_packed_file(kClipAt, "clipping factor " + std::to_string(clip), "a number in (0, 1]");
  }
  return make_grid(static_cast<RangeRule>(rule), bits, clip);
}

// 0 tensor, 1 row, 2 group, 3 group with a shorter last one in each row.
inline Grouping grouping_at(std::span<const std::uint8_t> bytes) {
  const int granularity = bytes[kGranularityAt];
  const std::int64_t size = side_at(bytes, kGroupSizeAt);
  if (granularity > 3) {
    refuse_packed_file(kGranularityAt, "granularity " + std::to_string(granularity), "0 to 3");
  }
  if ((granularity >= 2) != (size > 0)) {
    refuse_packed_file(kGroupSizeAt, "groups of " + std::to_string(size) + " values",
                       granularity >= 2 ? "at least 1" : "0, as there are no groups");
  }
  if (granularity == 0) return {Grouping::Kind::kTensor, 0};
  if (granularity == 1) return {Grouping::Kind::kRow, 0};
  return {Grouping::Kind::kGroup, size, granularity == 3 ? Tail::kShorter : Tail::kRefuse};
}

inline std::uint8_t granularity_code(Grouping grouping) {
  if (grouping.kind == Grouping::Kind::kTensor) return 0;
  if (grouping.kind == Grouping::Kind::kRow) return 1;
  return grouping.tail == Tail::kShorter ? 3 : 2;
}

// Offset of the codes behind `groups` scales and zero points.
inline std::size_t packed_codes_offset(std::size_t groups) {
  const std::size_t end = kPackedFileHeader + 8 * groups;
  return (end + kPackedFileAlignment - 1) / kPackedFileAlignment * kPackedFileAlignment;
}

// Sides are below 2^31 and groups are counted against the file before they are multiplied, so no
// product of sizes wraps around.
inline void place_packed_parts(std::size_t available, PackedFileHeader& header) {
  const GroupLayout layout = group_layout(header.scheme.grouping, header.rows, header.cols);
  header.groups = static_cast<std::size_t>(layout.count);
  if (header.groups > available / 8) {
    refuse_packed_file(
        kRowsAt,
        std::to_string(header.groups) + " groups in " + std::to_string(available) + " bytes",
        "8 bytes for each");
  }
  header.codes_offset = packed_codes_offset(header.groups);
  const PackedMatrix shape{header.scheme, header.rows, header.cols, {}, {}};
  header.file_bytes =
      header.codes_offset + static_cast<std::size_t>(header.rows) * shape.row_bytes();
}

inline void put_header(const PackedMatrix& m, std::span<std::uint8_t> file) {
  const Scheme& scheme = m.scheme;
  const bool grouped = scheme.grouping.kind == Grouping::Kind::kGroup;
  std::copy(kPackedFileMagic.begin(), kPackedFileMagic.end(), file.begin());
  put_little_endian(kPackedFileVersion, file.subspan(kVersionAt, 4));
  file[kBitsAt] = static_cast<std::uint8_t>(m.bits());
  file[kRuleAt] = static_cast<std::uint8_t>(scheme.grid.rule);
  file[kGranularityAt] = granularity_code(scheme.grouping);
  put_little_endian(std::bit_cast<std::uint32_t>(scheme.grid.clip), file.subspan(kClipAt, 4));
  put_little_endian(static_cast<std::uint64_t>(m.rows), file.subspan(kRowsAt, 8));
  put_little_endian(static_cast<std::uint64_t>(m.cols), file.subspan(kColsAt, 8));
  const std::int64_t size = grouped ? scheme.grouping.size : 0;
  put_little_endian(static_cast<std::uint64_t>(size), file.subspan(kGroupSizeAt, 8));
  put_little_endian(file.size(), file.subspan(kFileBytesAt, 8));
  put_little_endian(crc32(file.subspan(kPackedFileHeader)), file.subspan(kBodyCrcAt, 4));
  put_little_endian(crc32(file.first(kHeaderCrcAt)), file.subspan(kHeaderCrcAt, 4));
}

}  // namespace detail

// Checks and reads the first 64 bytes of a file; file holds all of it. The checksum of the rest is
// not computed. Throws std::invalid_argument with the byte, the value and what was expected.
inline PackedFileHeader read_packed_header(std::span<const std::uint8_t> file) {
  using namespace detail;
  if (file.size() < kPackedFileHeader) {
    refuse_packed_file(0, std::to_string(file.size()) + " bytes",
                       "a header of " + std::to_string(kPackedFileHeader));
  }
  if (!std::equal(kPackedFileMagic.begin(), kPackedFileMagic.end(), file.begin())) {
    refuse_packed_file(0, "another kind of file", "the bytes " + std::string(kPackedFileMagic));
  }
  expect_field(file, kVersionAt, 4, kPackedFileVersion, "version");
  expect_field(file, kHeaderCrcAt, 4, crc32(file.first(kHeaderCrcAt)), "checksum of the header");
  expect_field(file, kReservedAt, 1, 0, "reserved byte");
  expect_field(file, kReserved4At, 4, 0, "reserved bytes");
  PackedFileHeader header;
  header.scheme = {grid_at(file), grouping_at(file)};
  header.rows = side_at(file, kRowsAt);
  header.cols = side_at(file, kColsAt);
  header.body_crc = u32_at(file, kBodyCrcAt);
  place_packed_parts(file.size(), header);
  expect_field(file, kFileBytesAt, 8, header.file_bytes, "file size");
  if (file.size() == header.file_bytes) return header;
  refuse_packed_file(file.size(), "the file ends here",
                     std::to_string(header.file_bytes) + " bytes");
}

// A matrix from the bytes of a file. Throws std::invalid_argument, as read_packed_header does, also
// for a wrong checksum, scale, zero point or pad bit; never reads outside of file.
inline PackedMatrix read_packed_file(std::span<const std::uint8_t> file) {
  using namespace detail;
  const PackedFileHeader header = read_packed_header(file);
  expect_field(file, kBodyCrcAt, 4, crc32(file.subspan(kPackedFileHeader)), "checksum of the rest");
  PackedMatrix m{header.scheme, header.rows, header.cols, {}, {}};
  m.params.resize(header.groups);
  const std::size_t zeros = kPackedFileHeader + 4 * header.groups;
  for (std::size_t g = 0; g < header.groups; ++g) {
    m.params[g] = {std::bit_cast<float>(u32_at(file, kPackedFileHeader + 4 * g)),
                   static_cast<std::int32_t>(u32_at(file, zeros + 4 * g))};
  }
  for (std::size_t at = zeros + 4 * header.groups; at < header.codes_offset; ++at) {
    expect_field(file, at, 1, 0, "pad byte");
  }
  const auto codes = file.subspan(header.codes_offset);
  m.codes.assign(codes.begin(), codes.end());
  check_packed_matrix(m);
  return m;
}

// The bytes of a file. Throws std::invalid_argument as check_packed_matrix does.
inline std::vector<std::uint8_t> write_packed_file(const PackedMatrix& m) {
  check_packed_matrix(m);
  const std::size_t groups = m.params.size(), codes = detail::packed_codes_offset(groups);
  std::vector<std::uint8_t> bytes(codes + m.codes.size());
  const std::span<std::uint8_t> file(bytes);
  for (std::size_t g = 0; g < groups; ++g) {
    const auto scale = std::bit_cast<std::uint32_t>(m.params[g].scale);
    const auto zero = static_cast<std::uint32_t>(m.params[g].zero);
    detail::put_little_endian(scale, file.subspan(kPackedFileHeader + 4 * g, 4));
    detail::put_little_endian(zero, file.subspan(kPackedFileHeader + 4 * (groups + g), 4));
  }
  std::copy(m.codes.begin(), m.codes.end(), file.begin() + static_cast<std::ptrdiff_t>(codes));
  detail::put_header(m, file);
  return bytes;
}

}  // namespace roste
