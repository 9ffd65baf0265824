// Quantizes row-major matrices to packed codes and back, without codes in between.
//
// Every row of bytes is what pack() of core/packing.h makes of the codes of that row: a row starts
// at a byte, is packed_bytes(cols, bits) long, and ends in pad bits of zero. Rows of bytes may lie
// any stride apart. Codes of 1 to 8 bits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "roste/core/packing.h"
#include "roste/core/quantizer.h"
#include "roste/cpu/detail/group_loops.h"
#include "roste/cpu/detail/line_writer.h"
#include "roste/cpu/detail/packed_run.h"
#include "roste/cpu/isa.h"
#include "roste/cpu/matrix_view.h"

namespace roste::cpu {
namespace detail {

// Throws unless bytes has the shape of the packed rows of a rows x cols matrix; returns bits.
template <class Byte>
int check_packed_shape(CodeRange codes, std::int64_t rows, std::int64_t cols,
                       MatrixView<Byte> bytes) {
  const int bits = roste::detail::width_of(codes);
  const std::int64_t needed =
      static_cast<std::int64_t>(packed_bytes(static_cast<std::size_t>(cols), bits));
  if (bytes.rows == rows && bytes.cols == needed) return bits;
  throw std::invalid_argument("roste: " + std::to_string(rows) + " x " + std::to_string(cols) +
                              " codes of " + std::to_string(bits) + " bits in " +
                              std::to_string(bytes.rows) + " x " + std::to_string(bytes.cols) +
                              " bytes; expected " + std::to_string(needed) + " in a row");
}

// True when every group of a row starts at a byte.
inline bool groups_start_at_bytes(const GroupLayout& layout, int bits) {
  return layout.groups_per_row <= 1 || layout.run * bits % 8 == 0;
}

struct Place {
  std::int64_t row, col;
};

// Calls step(params, first, count) for the parts of n columns from `at` that share params; first
// counts from there.
template <class Step>
void for_each_shared(const GroupLayout& layout, std::span<const GroupParams> params, Place at,
                     std::int64_t n, Step&& step) {
  for (std::int64_t first = 0; first < n;) {
    const std::int64_t in_row = (at.col + first) / layout.run;
    const std::int64_t count = std::min(n, (in_row + 1) * layout.run - at.col) - first;
    const std::int64_t group =
        layout.runs_per_group > 1 ? 0 : at.row * layout.groups_per_row + in_row;
    step(params[static_cast<std::size_t>(group)], first, count);
    first += count;
  }
}

// Codes of group g, whose runs start at bytes.
template <ReadNumber T>
void encode_packed_group(const Job& job, std::int64_t g, MatrixView<T> x, const FittedGroup& group,
                         MatrixView<std::uint8_t> bytes) {
  const int bits = roste::detail::width_of(job.grid.codes);
  for_each_float_run(job, g, x, [&](FloatRun run, std::int64_t row, std::int64_t col) {
    run.range = group.range;
    encode_packed_run(job.isa, run, group, job.grid.codes, bytes.row(row) + col * bits / 8);
  });
}

// Codes of all rows, wherever groups start.
template <ReadNumber T>
void encode_packed_rows(const Job& job, MatrixView<T> x, std::span<const GroupParams> params,
                        MatrixView<std::uint8_t> bytes) {
  const int bits = roste::detail::width_of(job.grid.codes);
  for (std::int64_t row = 0; row < x.rows; ++row) {
    for_each_piece(x.cols, [&](std::int64_t col, std::int64_t n) {
      float values[kPiece];
      std::uint8_t stored[kPiece];
      widen_run(job.isa, x.row(row) + col, n, values);
      for_each_shared(job.layout, params, {row, col}, n,
                      [&](GroupParams group, std::int64_t first, std::int64_t count) {
                        encode_stored_run(job.isa, {values + first, count}, group, job.grid.codes,
                                          stored + first);
                      });
      pack_run(job.isa, stored, n, bits, bytes.row(row) + col / 8 * bits);
    });
  }
}

// Values of n <= kPiece columns of a row from `at`, whose column is a multiple of kPiece.
inline void decode_packed_piece(const Job& job, std::span<const GroupParams> params,
                                const std::uint8_t* row_bytes, Place at, std::int64_t n,
                                float* out) {
  const CodeRange codes = job.grid.codes;
  const int bits = roste::detail::width_of(codes);
  const std::uint8_t* bytes = row_bytes + at.col / 8 * bits;
  const bool at_bytes = groups_start_at_bytes(job.layout, bits);
  std::uint8_t stored[kPiece];
  if (!at_bytes) unpack_run(job.isa, bytes, n, bits, stored);
  for_each_shared(job.layout, params, at, n,
                  [&](GroupParams group, std::int64_t first, std::int64_t count) {
                    if (at_bytes) {
                      const std::uint8_t* part = bytes + first * bits / 8;
                      return decode_packed_run(job.isa, part, group, codes, count, out + first);
                    }
                    group.zero -= codes.min;
                    decode_run(job.isa, stored + first, group, count, out + first);
                  });
}

// The same, rounded to the type of out.
template <Number T>
void decode_packed_values(const Job& job, std::span<const GroupParams> params,
                          const std::uint8_t* row_bytes, Place at, std::int64_t n, T* out) {
  if constexpr (std::same_as<T, float>) {
    decode_packed_piece(job, params, row_bytes, at, n, out);
  } else {
    float buffer[kPiece];
    decode_packed_piece(job, params, row_bytes, at, n, buffer);
    narrow_finite_run(job.isa, buffer, n, out);
  }
}

// The values of all rows. Flattened, as fit_each_group is.
template <Number T>
[[gnu::flatten]] void decode_packed_rows(const Job& job, MatrixView<const std::uint8_t> bytes,
                                         std::span<const GroupParams> params, MatrixView<T> x) {
  LineWriter<T> out(job.isa, x);
  for (std::int64_t row = 0; row < x.rows; ++row) {
    for_each_piece(x.cols, [&](std::int64_t col, std::int64_t n) {
      out.write(x.row(row) + col, n, [&](T* place) {
        decode_packed_values(job, params, bytes.row(row), {row, col}, n, place);
      });
    });
  }
}

}  // namespace detail

// Packed codes of x [rows, cols] under given params. bytes [rows, packed_bytes(cols, bits)]; it
// must not overlap x. Throws std::invalid_argument for shapes or params that do not fit and for
// codes of more than 8 bits; x must be finite.
template <ReadNumber T>
void encode_packed(const Scheme& scheme, MatrixView<T> x, std::span<const GroupParams> params,
                   MatrixView<std::uint8_t> bytes, Isa isa = best_isa()) {
  const detail::Job job(scheme, x.rows, x.cols, isa);
  detail::check_params(job.layout, params);
  const int bits = detail::check_packed_shape(scheme.grid.codes, x.rows, x.cols, bytes);
  if (!detail::groups_start_at_bytes(job.layout, bits)) {
    return detail::encode_packed_rows(job, x, params, bytes);
  }
  for (std::int64_t g = 0; g < job.layout.count; ++g) {
    const detail::FittedGroup group = {params[static_cast<std::size_t>(g)], {}};
    detail::encode_packed_group(job, g, x, group, bytes);
  }
}

// fit and encode_packed, group by group: the same params and, row by row, the same bytes as
// quantize and then pack. Throws NonFiniteError, and std::invalid_argument as encode_packed does.
template <ReadNumber T>
void quantize_packed(const Scheme& scheme, MatrixView<T> x, std::span<GroupParams> params,
                     MatrixView<std::uint8_t> bytes, Isa isa = best_isa()) {
  const detail::Job job(scheme, x.rows, x.cols, isa);
  detail::check_params(job.layout, params.size());
  const int bits = detail::check_packed_shape(scheme.grid.codes, x.rows, x.cols, bytes);
  const bool at_bytes = detail::groups_start_at_bytes(job.layout, bits);
  detail::fit_each_group(job, x, [&](std::int64_t g, const detail::FittedGroup& group) {
    params[static_cast<std::size_t>(g)] = group;
    if (at_bytes) detail::encode_packed_group(job, g, x, group, bytes);
  });
  if (!at_bytes) detail::encode_packed_rows(job, x, params, bytes);
}

// The values of packed codes: x [rows, cols]; the same as unpack and then dequantize. Byte may be
// const. Throws std::invalid_argument for shapes or params that do not fit, and for a pad bit that
// is set.
template <class Byte, Number T>
requires std::same_as<std::remove_const_t<Byte>, std::uint8_t>
void dequantize_packed(const Scheme& scheme, MatrixView<Byte> bytes,
                       std::span<const GroupParams> params, MatrixView<T> x, Isa isa = best_isa()) {
  const detail::Job job(scheme, x.rows, x.cols, isa);
  detail::check_params(job.layout, params);
  detail::check_packed_shape(scheme.grid.codes, x.rows, x.cols, bytes);
  detail::decode_packed_rows(job, MatrixView<const std::uint8_t>(bytes), params, x);
}

// Packed bytes of codes [rows, cols]: bytes [rows, packed_bytes(cols, bits)]; it must not overlap
// codes, whose type may be const. Every code must lie in scheme.grid.codes. Throws
// std::invalid_argument for shapes or a code type that do not fit.
template <class Code>
requires CodeType<std::remove_const_t<Code>>
void pack(const Scheme& scheme, MatrixView<Code> codes, MatrixView<std::uint8_t> bytes,
          Isa isa = best_isa()) {
  const CodeRange range = scheme.grid.codes;
  const int bits = detail::check_packed_shape(range, codes.rows, codes.cols, bytes);
  detail::check_code_type<std::remove_const_t<Code>>(range);
  std::uint8_t stored[detail::kPiece];
  for (std::int64_t row = 0; row < codes.rows; ++row) {
    detail::for_each_piece(codes.cols, [&](std::int64_t col, std::int64_t n) {
      const Code* from = codes.row(row) + col;
      for (std::int64_t i = 0; i < n; ++i)
        stored[i] = static_cast<std::uint8_t>(from[i] - range.min);
      detail::pack_run(isa, stored, n, bits, bytes.row(row) + col / 8 * bits);
    });
  }
}

// The codes of packed bytes: codes [bytes.rows, cols]. Byte may be const. Throws
// std::invalid_argument for shapes or a code type that do not fit, and for a pad bit that is set.
template <class Byte, CodeType Code>
requires std::same_as<std::remove_const_t<Byte>, std::uint8_t>
void unpack(const Scheme& scheme, MatrixView<Byte> bytes, MatrixView<Code> codes,
            Isa isa = best_isa()) {
  const CodeRange range = scheme.grid.codes;
  const int bits = detail::check_packed_shape(range, codes.rows, codes.cols, bytes);
  detail::check_code_type<Code>(range);
  std::uint8_t stored[detail::kPiece];
  for (std::int64_t row = 0; row < codes.rows; ++row) {
    detail::for_each_piece(codes.cols, [&](std::int64_t col, std::int64_t n) {
      detail::unpack_run(isa, bytes.row(row) + col / 8 * bits, n, bits, stored);
      Code* out = codes.row(row) + col;
      for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<Code>(stored[i] + range.min);
    });
  }
}

}  // namespace roste::cpu
