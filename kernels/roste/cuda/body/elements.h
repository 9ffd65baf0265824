// Kernels that know every group's parameters beforehand: encode, dequantize, fake_quantize, error
// sums and straight-through gradients, in one pass and for groups of any length.
#pragma once

#include <cstdint>

#include "roste/core/ste.h"
#include "roste/cuda/body/codes.h"
#include "roste/cuda/body/measure.h"
#include "roste/cuda/matrix.h"

namespace roste::cuda {

inline constexpr int kElements = 8;  // consecutive values of a thread

// A matrix cut into pieces of kElements values, and the group of each value.
struct Elements {
  std::int32_t rows = 0;
  std::int32_t cols = 0;
  std::int32_t per_row = 1;        // pieces
  std::int32_t run = 0;            // values of a group in a row
  std::int32_t groups_of_row = 0;  // 0 where all rows share one group

  ROSTE_HD std::int64_t count() const { return static_cast<std::int64_t>(rows) * per_row; }
};

struct Piece {
  std::int32_t row;
  std::int32_t col;
  std::int32_t count;  // values, 0 beyond the end
};

ROSTE_KERNEL Piece piece_of(const Elements& elements, std::int64_t index) {
  if (index >= elements.count()) return {0, 0, 0};
  const std::int32_t row = static_cast<std::int32_t>(index / elements.per_row);
  const std::int32_t col = static_cast<std::int32_t>(index % elements.per_row) * kElements;
  const std::int32_t left = elements.cols - col;
  return {row, col, left < kElements ? left : kElements};
}

// f(i, params) for value i of the piece, in ascending order.
template <class F>
ROSTE_KERNEL void for_each_value(const Elements& elements, const Piece& piece,
                                 const GroupParams* params, F&& f) {
  if (piece.count == 0) return;
  const GroupParams* group = params +
                             static_cast<std::int64_t>(piece.row) * elements.groups_of_row +
                             piece.col / elements.run;
  int left = elements.run - piece.col % elements.run;  // values before the next group
  ROSTE_UNROLLED
  for (int i = 0; i < kElements; ++i) {
    if (i >= piece.count) continue;
    if (left == 0) {
      ++group;
      left = elements.run;
    }
    f(i, *group);
    --left;
  }
}

// What is not wanted has null data.
template <class T>
struct EncodeJob {
  DeviceMatrix<const T> x;
  Elements elements;
  Grid grid;
  const GroupParams* params;
  CodeMatrix<std::uint8_t> codes;
  DeviceMatrix<T> values;  // may be x
};

// One piece per thread.
template <class T, class Team>
ROSTE_KERNEL void encode_body(Team& team, const EncodeJob<T>& job) {
  team.each([&](int t) {
    const Piece p = piece_of(job.elements, team.block() * team.threads() + t);
    if (p.count == 0) return;
    const Chunk<kElements> x = load_chunk<kElements>(job.x.row(p.row) + p.col, p.count);
    detail::Codes<kElements> codes{};
    Chunk<kElements> values{};
    for_each_value(job.elements, p, job.params, [&](int i, GroupParams params) {
      codes.q[i] = encode(x.v[i], params, job.grid.codes);
      values.v[i] = fake_quantize_value(x.v[i], params, job.grid.codes);
    });
    if (job.codes.data != nullptr) {
      detail::store_codes(codes, p.count, job.grid.codes.min, job.codes, p.row, p.col);
    }
    if (job.values.data != nullptr) store_chunk(values, p.count, job.values.row(p.row) + p.col);
  });
}

template <class T>
struct DequantizeJob {
  CodeMatrix<const std::uint8_t> codes;
  Elements elements;
  Grid grid;
  const GroupParams* params;
  DeviceMatrix<T> x;
};

template <class T, class Team>
ROSTE_KERNEL void dequantize_body(Team& team, const DequantizeJob<T>& job) {
  team.each([&](int t) {
    const Piece p = piece_of(job.elements, team.block() * team.threads() + t);
    if (p.count == 0) return;
    const detail::Codes<kElements> codes =
        detail::load_codes<kElements>(job.codes, p.count, job.grid.codes.min, p.row, p.col);
    Chunk<kElements> values{};
    for_each_value(job.elements, p, job.params,
                   [&](int i, GroupParams params) { values.v[i] = decode(codes.q[i], params); });
    store_chunk(values, p.count, job.x.row(p.row) + p.col);
  });
}

template <class T>
struct SteJob {
  DeviceMatrix<const T> x;   // what was quantized
  DeviceMatrix<const T> dy;  // gradient of the quantized values
  Elements elements;
  Grid grid;
  const GroupParams* params;
  DeviceMatrix<T> dx;  // may be dy
};

template <SteRule Rule, class T, class Team>
ROSTE_KERNEL void ste_body(Team& team, const SteJob<T>& job) {
  team.each([&](int t) {
    const Piece p = piece_of(job.elements, team.block() * team.threads() + t);
    if (p.count == 0) return;
    const Chunk<kElements> x = load_chunk<kElements>(job.x.row(p.row) + p.col, p.count);
    Chunk<kElements> gradient = load_chunk<kElements>(job.dy.row(p.row) + p.col, p.count);
    for_each_value(job.elements, p, job.params, [&](int i, GroupParams params) {
      gradient.v[i] = ste_gradient<Rule>(x.v[i], params, job.grid.codes, gradient.v[i]);
    });
    store_chunk(gradient, p.count, job.dx.row(p.row) + p.col);
  });
}

template <class T>
struct MeasureElementsJob {
  DeviceMatrix<const T> x;
  Elements elements;
  Grid grid;
  const GroupParams* params;
  ErrorSums* sums;  // [blocks]
};

template <class T, class Team>
ROSTE_KERNEL void measure_elements_body(Team& team, const MeasureElementsJob<T>& job) {
  typename Team::template Private<ErrorSums> errors(team);
  team.each([&](int t) {
    ErrorSums sums;
    for (std::int64_t index = team.block() * team.threads() + t; index < job.elements.count();
         index += team.blocks() * team.threads()) {
      const Piece p = piece_of(job.elements, index);
      const Chunk<kElements> x = load_chunk<kElements>(job.x.row(p.row) + p.col, p.count);
      for_each_value(job.elements, p, job.params, [&](int i, GroupParams params) {
        sums.add(x.v[i], fake_quantize_value(x.v[i], params, job.grid.codes));
        sums.saturated += saturates(x.v[i], params, job.grid.codes) ? 1 : 0;
      });
    }
    errors[t] = sums;
  });
  detail::write_errors(team, errors, job.sums);
}

}  // namespace roste::cuda
