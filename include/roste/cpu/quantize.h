// Quantizes row-major matrices on the CPU: fit, quantize, dequantize, fake_quantize.
//
// Everywhere a Scheme is asked for, a Quantizer<QuantSpec<...>> will do. Params are one per group,
// in row-major order of the groups (core/groups.h). Values are float, BFloat16 or Half; the 16-bit
// types are computed on in float and rounded once, when a result is stored. The last argument
// chooses the instruction set; all of them give the same bits.
#pragma once

#include <cstdint>
#include <span>
#include <type_traits>

#include "roste/core/quantizer.h"
#include "roste/cpu/detail/group_kernel.h"
#include "roste/cpu/detail/group_loops.h"
#include "roste/cpu/detail/line_writer.h"
#include "roste/cpu/detail/number_run.h"
#include "roste/cpu/isa.h"
#include "roste/cpu/matrix_view.h"

namespace roste::cpu {
namespace detail {

// Values of at most kPiece codes.
template <class Code, Number T>
void decode_piece(Isa isa, const Code* codes, GroupParams params, std::int64_t n, T* out) {
  if constexpr (std::same_as<T, float>) {
    decode_run(isa, codes, params, n, out);
  } else {
    float buffer[kPiece];
    decode_run(isa, codes, params, n, buffer);
    narrow_finite_run(isa, buffer, n, out);
  }
}

// The values of all codes. Flattened, as fit_each_group is.
template <class Code, Number T>
[[gnu::flatten]] void decode_groups(const Job& job, MatrixView<Code> codes,
                                    std::span<const GroupParams> params, MatrixView<T> x) {
  LineWriter<T> out(job.isa, x);
  for (std::int64_t g = 0; g < job.layout.count; ++g) {
    const GroupParams group = params[static_cast<std::size_t>(g)];
    for_each_run(job.layout, g, [&](std::int64_t row, std::int64_t col, std::int64_t n) {
      const std::remove_const_t<Code>* from = codes.row(row) + col;
      for_each_piece(n, [&](std::int64_t first, std::int64_t count) {
        out.write(x.row(row) + col + first, count,
                  [&](T* place) { decode_piece(job.isa, from + first, group, count, place); });
      });
    });
  }
}

// y := Q(run) for at most kPiece values, rounded to the type of y.
template <Number Y>
void fake_quantize_piece(const Job& job, const FloatRun& run, GroupParams params, Y* y) {
  if constexpr (std::same_as<Y, float>) {
    fake_quantize_run(job.isa, run, params, job.grid.codes, y);
  } else {
    float buffer[kPiece];
    fake_quantize_run(job.isa, run, params, job.grid.codes, buffer);
    narrow_finite_run(job.isa, buffer, run.n, y);
  }
}

// The same for any number of values, by way of `out`.
template <Number Y>
void fake_quantize_values(const Job& job, const FloatRun& run, GroupParams params, Y* y,
                          LineWriter<Y>& out) {
  if constexpr (std::same_as<Y, float>) {
    if (!out.streams()) return fake_quantize_run(job.isa, run, params, job.grid.codes, y);
  }
  for_each_piece(run.n, [&](std::int64_t first, std::int64_t count) {
    out.write(y + first, count, [&](Y* place) {
      fake_quantize_piece(job, piece_of(run, first, count), params, place);
    });
  });
}

// Codes of group g.
template <ReadNumber T, class Code>
void encode_group(const Job& job, std::int64_t g, MatrixView<T> x, const FittedGroup& group,
                  MatrixView<Code> codes) {
  for_each_float_run(job, g, x, [&](FloatRun run, std::int64_t row, std::int64_t col) {
    run.range = group.range;
    encode_run(job.isa, run, group, job.grid.codes, codes.row(row) + col);
  });
}

// What writes y while x is read: where they are one matrix, x has just brought it to the caches.
template <ReadNumber X, Number Y>
LineWriter<Y> writer_beside(Isa isa, MatrixView<X> x, MatrixView<Y> y) {
  const bool in_place = static_cast<const void*>(x.data) == y.data;
  return in_place ? LineWriter<Y>(isa) : LineWriter<Y>(isa, y);
}

}  // namespace detail

// Scale and zero point of every group of x, eqs. (2) and (4). params: one per group.
// Throws NonFiniteError, and std::invalid_argument for shapes that do not fit.
template <ReadNumber T>
void fit(const Scheme& scheme, MatrixView<T> x, std::span<GroupParams> params,
         Isa isa = best_isa()) {
  const detail::Job job(scheme, x.rows, x.cols, isa);
  detail::check_params(job.layout, params.size());
  for (std::int64_t g = 0; g < job.layout.count; ++g) {
    params[static_cast<std::size_t>(g)] = detail::fit_group(job, g, x);
  }
}

// Codes of x [rows, cols] under given params, the inner part of eq. (1). codes [rows, cols].
// Throws std::invalid_argument for shapes, params or a code type that do not fit; x must be finite.
template <ReadNumber T, CodeType Code>
void encode(const Scheme& scheme, MatrixView<T> x, std::span<const GroupParams> params,
            MatrixView<Code> codes, Isa isa = best_isa()) {
  const detail::Job job(scheme, x.rows, x.cols, isa);
  detail::check_params(job.layout, params);
  detail::check_same_shape("encoding", x, codes);
  detail::check_code_type<Code>(scheme.grid.codes);
  for (std::int64_t g = 0; g < job.layout.count; ++g) {
    detail::encode_group(job, g, x, {params[static_cast<std::size_t>(g)], {}}, codes);
  }
}

// fit and encode, group by group: codes [rows, cols] and params of x, eq. (1). Throws
// NonFiniteError, and std::invalid_argument for shapes or a code type that do not fit.
template <ReadNumber T, CodeType Code>
void quantize(const Scheme& scheme, MatrixView<T> x, std::span<GroupParams> params,
              MatrixView<Code> codes, Isa isa = best_isa()) {
  const detail::Job job(scheme, x.rows, x.cols, isa);
  detail::check_params(job.layout, params.size());
  detail::check_same_shape("encoding", x, codes);
  detail::check_code_type<Code>(scheme.grid.codes);
  detail::fit_each_group(job, x, [&](std::int64_t g, const detail::FittedGroup& group) {
    params[static_cast<std::size_t>(g)] = group;
    detail::encode_group(job, g, x, group, codes);
  });
}

// The values of codes, the outer part of eq. (1): x [rows, cols]. Throws std::invalid_argument for
// shapes or params that do not fit. Code may be const.
template <class Code, Number T>
requires CodeType<std::remove_const_t<Code>>
void dequantize(const Scheme& scheme, MatrixView<Code> codes, std::span<const GroupParams> params,
                MatrixView<T> x, Isa isa = best_isa()) {
  const detail::Job job(scheme, x.rows, x.cols, isa);
  detail::check_params(job.layout, params);
  detail::check_same_shape("dequantizing", codes, x);
  detail::decode_groups(job, codes, params, x);
}

// y := Q(x), eq. (1); the same numbers as quantize followed by dequantize. x, y [rows, cols]; y may
// be x, but must not overlap it otherwise. Throws NonFiniteError before a value of the group is
// written, and std::invalid_argument.
template <ReadNumber X, Number Y>
void fake_quantize(const Scheme& scheme, MatrixView<X> x, MatrixView<Y> y, Isa isa = best_isa()) {
  const detail::Job job(scheme, x.rows, x.cols, isa);
  detail::check_same_shape("quantizing", x, y);
  detail::LineWriter<Y> out = detail::writer_beside(isa, x, y);
  detail::fit_each_group(job, x, [&](std::int64_t g, const detail::FittedGroup& group) {
    detail::for_each_float_run(
        job, g, x, [&](detail::FloatRun run, std::int64_t row, std::int64_t col) {
          run.range = group.range;
          detail::fake_quantize_values(job, run, group, y.row(row) + col, out);
        });
  });
}

// x := Q(x) in place; throws as the one above.
template <Number T>
void fake_quantize(const Scheme& scheme, MatrixView<T> x, Isa isa = best_isa()) {
  fake_quantize(scheme, x, x, isa);
}

}  // namespace roste::cpu
