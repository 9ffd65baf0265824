// A quantized matrix as it is stored and exchanged: packed codes, and a scale and a zero point for
// every group.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "roste/core/groups.h"
#include "roste/core/packing.h"
#include "roste/core/quantizer.h"

namespace roste {

inline constexpr std::int64_t kMaxPackedSide = std::int64_t{1} << 31;  // of rows and of cols

// Rows of codes in packing version 1, each from a byte border on.
struct PackedMatrix {
  Scheme scheme;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::vector<GroupParams> params;  // [groups], row-major (core/groups.h)
  std::vector<std::uint8_t> codes;  // [rows][row_bytes()]

  int bits() const {
    return std::bit_width(static_cast<std::uint32_t>(scheme.grid.codes.max) -
                          static_cast<std::uint32_t>(scheme.grid.codes.min));
  }
  std::size_t row_bytes() const { return packed_bytes(static_cast<std::size_t>(cols), bits()); }
  std::span<const std::uint8_t> row(std::int64_t r) const {
    return std::span(codes).subspan(static_cast<std::size_t>(r) * row_bytes(), row_bytes());
  }
};

namespace detail {

[[noreturn]] inline void refuse_packed(const std::string& what, const std::string& expected) {
  throw std::invalid_argument("roste: packed matrix with " + what + "; expected " + expected);
}

inline void check_packed_sides(std::int64_t rows, std::int64_t cols) {
  if (rows >= 0 && cols >= 0 && rows <= kMaxPackedSide && cols <= kMaxPackedSide) return;
  refuse_packed(std::to_string(rows) + " x " + std::to_string(cols) + " values",
                "sides of 0 to " + std::to_string(kMaxPackedSide));
}

// The bits and the rule determine the codes.
inline void check_packed_grid(const Grid& grid, int bits) {
  const bool known = bits >= (grid.rule == RangeRule::kSymmetric ? 2 : 1) && bits <= 8;
  const CodeRange codes = known ? code_range(grid.rule, bits) : CodeRange{};
  if (!known || codes.min != grid.codes.min || codes.max != grid.codes.max) {
    refuse_packed(
        "codes " + std::to_string(grid.codes.min) + " to " + std::to_string(grid.codes.max),
        "the codes of 1 to 8 bits, 2 to 8 when symmetric");
  }
  if (!(grid.clip > 0.0f && grid.clip <= 1.0f)) {
    refuse_packed("clipping factor " + std::to_string(grid.clip), "a number in (0, 1]");
  }
}

// What eqs. (2), (4) and fit_range can give; a reader may rely on it.
inline void check_packed_params(const Grid& grid, std::span<const GroupParams> params) {
  const bool symmetric = grid.rule == RangeRule::kSymmetric;
  const bool zero_is_code = symmetric || grid.rule == RangeRule::kZeroIncluded;
  const std::int32_t low = symmetric ? 0 : zero_is_code ? grid.codes.min : -(1 << 30);
  const std::int32_t high = symmetric ? 0 : zero_is_code ? grid.codes.max : 1 << 30;
  for (std::size_t g = 0; g < params.size(); ++g) {
    if (!(params[g].scale > 0.0f) || !std::isfinite(params[g].scale)) {
      refuse_packed("scale " + std::to_string(params[g].scale) + " of group " + std::to_string(g),
                    "a finite number above 0");
    }
    if (params[g].zero < low || params[g].zero > high) {
      refuse_packed(
          "zero point " + std::to_string(params[g].zero) + " of group " + std::to_string(g),
          std::to_string(low) + " to " + std::to_string(high));
    }
  }
}

// Bits behind the last code of a row are zero.
inline void check_pad_bits(const PackedMatrix& m) {
  const int used =
      static_cast<int>(static_cast<std::size_t>(m.cols) * static_cast<std::size_t>(m.bits()) % 8);
  for (std::int64_t r = 0; used != 0 && r < m.rows; ++r) {
    if (m.row(r).back() >> used == 0) continue;
    refuse_packed("bits behind the last code of row " + std::to_string(r), "zeros there");
  }
}

}  // namespace detail

// Throws std::invalid_argument, with the field and both numbers, unless every field of m agrees
// with the others and can come out of this library's quantizers.
inline void check_packed_matrix(const PackedMatrix& m) {
  detail::check_packed_sides(m.rows, m.cols);
  detail::check_packed_grid(m.scheme.grid, m.bits());
  const auto groups =
      static_cast<std::size_t>(group_layout(m.scheme.grouping, m.rows, m.cols).count);
  const std::size_t bytes = static_cast<std::size_t>(m.rows) * m.row_bytes();
  if (m.params.size() != groups || m.codes.size() != bytes) {
    detail::refuse_packed(std::to_string(m.params.size()) + " groups and " +
                              std::to_string(m.codes.size()) + " bytes of codes",
                          std::to_string(groups) + " and " + std::to_string(bytes));
  }
  detail::check_packed_params(m.scheme.grid, m.params);
  detail::check_pad_bits(m);
}

// Packs codes [rows, cols], row-major, with the params of their groups. Throws
// std::invalid_argument as pack and check_packed_matrix do.
template <class Code>
PackedMatrix pack_matrix(const Scheme& scheme, std::int64_t rows, std::int64_t cols,
                         std::vector<GroupParams> params, std::span<const Code> codes) {
  detail::check_packed_sides(rows, cols);
  if (codes.size() != static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols)) {
    detail::refuse_packed(std::to_string(codes.size()) + " codes for " + std::to_string(rows) +
                              " x " + std::to_string(cols) + " values",
                          "one for each");
  }
  PackedMatrix m{scheme, rows, cols, std::move(params), {}};
  m.codes.resize(static_cast<std::size_t>(rows) * m.row_bytes());
  const auto length = static_cast<std::size_t>(cols);
  const std::size_t filled = codes.empty() ? 0 : static_cast<std::size_t>(rows);
  for (std::size_t r = 0; r < filled; ++r) {
    pack(codes.subspan(r * length, length), scheme.grid.codes,
         std::span(m.codes).subspan(r * m.row_bytes(), m.row_bytes()));
  }
  check_packed_matrix(m);
  return m;
}

// The codes of m, [rows, cols] row-major. Throws std::invalid_argument for another number of them.
template <class Code>
void unpack_matrix(const PackedMatrix& m, std::span<Code> codes) {
  const auto length = static_cast<std::size_t>(m.cols);
  if (codes.size() != static_cast<std::size_t>(m.rows) * length) {
    detail::refuse_packed(std::to_string(m.rows) + " x " + std::to_string(m.cols) +
                              " codes unpacked into " + std::to_string(codes.size()),
                          "one for each");
  }
  if (codes.empty()) return;  // 64 bytes of a file can claim 2^31 rows of nothing
  for (std::int64_t r = 0; r < m.rows; ++r) {
    unpack(m.row(r), m.scheme.grid.codes,
           codes.subspan(static_cast<std::size_t>(r) * length, length));
  }
}

}  // namespace roste
