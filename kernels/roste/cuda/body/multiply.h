// The kernels around an integer product: operands before it, scales behind it.
//
//   y[m][n] = bias[n] + s_x[m] s_w[n] sum_k (q_x - z_x)(q_w - z_w)    eq. (5)
//
// Operands are u = q - z where int8 holds it. Codes of 8 bits without a sign are kept as q - 128
// instead, and (z - 128) sum_k u_w is taken off the sum afterwards.
#pragma once

#include <cstdint>

#include "roste/core/product.h"
#include "roste/cuda/body/elements.h"
#include "roste/cuda/fp8_bound.h"
#include "roste/cuda/matrix.h"

namespace roste::cuda {

inline constexpr std::int32_t kMiddleCode = 128;

// What is subtracted from a code.
enum class Centre { kZeroPoint, kMiddle };

// Byte: std::int8_t or E4m3.
template <class Byte>
struct CentreJob {
  CodeMatrix<const std::uint8_t> codes;
  Elements elements;
  Grid grid;
  const GroupParams* params;
  Centre centre;
  DeviceMatrix<Byte> centred;
};

namespace detail {

ROSTE_KERNEL void store_integer(std::int32_t u, std::int8_t& to) {
  to = static_cast<std::int8_t>(u);
}
ROSTE_KERNEL void store_integer(std::int32_t u, E4m3& to) { to = e4m3_of(u); }

}  // namespace detail

// One piece of codes per thread.
template <class Byte, class Team>
ROSTE_KERNEL void centre_body(Team& team, const CentreJob<Byte>& job) {
  team.each([&](int t) {
    const Piece p = piece_of(job.elements, team.block() * team.threads() + t);
    if (p.count == 0) return;
    const detail::Codes<kElements> codes =
        detail::load_codes<kElements>(job.codes, p.count, job.grid.codes.min, p.row, p.col);
    Byte centred[kElements] = {};
    for_each_value(job.elements, p, job.params, [&](int i, GroupParams params) {
      const std::int32_t from = job.centre == Centre::kMiddle ? kMiddleCode : params.zero;
      detail::store_integer(codes.q[i] - from, centred[i]);
    });
    Byte* to = job.centred.row(p.row) + p.col;
    if (p.count == kElements) return detail::write_run<kElements>(centred, to);
    ROSTE_UNROLLED
    for (int i = 0; i < kElements; ++i) {
      if (i < p.count) to[i] = centred[i];
    }
  });
}

// Sums over each row, and over each chunk of columns the largest sum of squares of any row.
struct WeightSumsJob {
  DeviceMatrix<const std::int8_t> w;
  std::int32_t* row_sums;  // [rows]
  std::int32_t* squares;   // [rows, chunks]
  std::int32_t chunks;
};

struct AddIntegers {
  ROSTE_KERNEL std::int32_t operator()(std::int32_t a, std::int32_t b) const { return a + b; }
};

struct LargerInteger {
  ROSTE_KERNEL std::int32_t operator()(std::int32_t a, std::int32_t b) const {
    return a > b ? a : b;
  }
};

// One block of 32 or more threads per row.
template <class Team>
ROSTE_KERNEL void weight_sums_body(Team& team, const WeightSumsJob& job) {
  typename Team::template Private<std::int32_t> sums(team);
  const std::int64_t row = team.block();
  team.each([&](int t) {
    sums[t] = 0;
    for (std::int32_t chunk = t; chunk < job.chunks; chunk += team.threads()) {
      std::int32_t squares = 0;
      const std::int64_t first = static_cast<std::int64_t>(chunk) * kChunkColumns;
      for (std::int64_t k = first; k < first + kChunkColumns && k < job.w.cols; ++k) {
        const std::int32_t u = job.w.row(row)[k];
        sums[t] += u;
        squares += u * u;
      }
      job.squares[row * job.chunks + chunk] = squares;
    }
  });
  team.reduce(sums, team.threads(), AddIntegers{});
  team.each([&](int t) {
    if (t == 0) job.row_sums[row] = sums[t];
  });
}

struct LargestSquaresJob {
  const std::int32_t* squares;  // [rows, chunks]
  std::int64_t rows;
  std::int32_t chunks;
  std::int32_t* largest;  // [chunks]
};

// One block per chunk.
template <class Team>
ROSTE_KERNEL void largest_squares_body(Team& team, const LargestSquaresJob& job) {
  typename Team::template Private<std::int32_t> squares(team);
  team.each([&](int t) {
    std::int32_t largest = 0;
    for (std::int64_t row = t; row < job.rows; row += team.threads()) {
      largest = LargerInteger{}(largest, job.squares[row * job.chunks + team.block()]);
    }
    squares[t] = largest;
  });
  team.reduce(squares, team.threads(), LargerInteger{});
  team.each([&](int t) {
    if (t == 0) job.largest[team.block()] = squares[t];
  });
}

// The scales of one operand: params[i * step] belongs to its row i; step is 0 for a whole tensor.
struct RowParams {
  const GroupParams* params;
  std::int32_t step;
  ROSTE_HD GroupParams of(std::int64_t row) const { return params[row * step]; }
};

// Sum: std::int32_t, or float that holds an integer.
template <class Sum, class T>
struct ScaleJob {
  DeviceMatrix<const Sum> sums;  // [tokens, outputs]
  RowParams x;
  RowParams w;
  Centre centre;               // of x
  const std::int32_t* w_sums;  // [outputs], read for Centre::kMiddle
  const float* bias;           // [outputs] or null
  DeviceMatrix<T> y;
};

// One value per thread; blocks_per_row blocks for each row.
template <class Sum, class T, class Team>
ROSTE_KERNEL void scale_body(Team& team, const ScaleJob<Sum, T>& job) {
  const std::int64_t per_row = (job.y.cols + team.threads() - 1) / team.threads();
  const std::int64_t row = team.block() / per_row;
  team.each([&](int t) {
    const std::int64_t col = team.block() % per_row * team.threads() + t;
    if (col >= job.y.cols) return;
    const GroupParams x = job.x.of(row);
    std::int32_t sum = static_cast<std::int32_t>(job.sums.row(row)[col]);
    if (job.centre == Centre::kMiddle) sum -= (x.zero - kMiddleCode) * job.w_sums[col];
    const float onto = job.bias == nullptr ? 0.0f : job.bias[col];
    const float y = scaled_product(sum, x.scale, job.w.of(col).scale, onto);
    job.y.row(row)[col] = detail::narrowed(y, T{});
  });
}

}  // namespace roste::cuda
