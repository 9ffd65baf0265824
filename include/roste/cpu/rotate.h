// Carries out a Rotation on matrices of float or double, in place; see core/rotation.h for the
// convention. One multiplication by 1 / sqrt(block size) ends each direction's Hadamard product.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "roste/core/rotation.h"
#include "roste/cpu/butterfly.h"
#include "roste/cpu/matrix_view.h"

namespace roste::cpu {

// What a rotation can be carried out in.
template <class T>
concept RotatedNumber = std::same_as<T, float> || std::same_as<T, double>;

// Throws std::invalid_argument unless `length`, a number of `what` ("rows", "columns"), is a
// multiple of rotation.size().
inline void check_rotated_length(const char* what, std::int64_t length, const Rotation& rotation) {
  if (length % rotation.size() == 0) return;
  throw std::invalid_argument("roste: rotation of dimension " + std::to_string(rotation.size()) +
                              " of a matrix with " + std::to_string(length) + " " + what +
                              "; expected a multiple");
}

namespace detail {

// A Rotation or its transpose in the number type of the data.
template <class T>
struct RotationPlan {
  RotationPlan(const Rotation& rotation, Side direction)
      : side(direction),
        size(rotation.size()),
        inner(std::int64_t{1} << rotation.log2_count()),
        signs(rotation.signs().begin(), rotation.signs().end()),
        norm(static_cast<T>(1.0 / std::sqrt(static_cast<double>(rotation.block_size())))),
        base(dense_base<T>(rotation.base(), direction)),
        scratch(static_cast<std::size_t>(rotation.base_order() * kChunk)) {}

  Side side;
  std::int64_t size;       // d
  std::int64_t inner;      // 2^k
  std::vector<T> signs;    // [d]
  T norm;                  // 1 / sqrt(m 2^k)
  DenseBase<T> base;       // H_m or its transpose
  std::vector<T> scratch;  // [m, 16]
};

// x := (I (x) H) x for the d contiguous numbers of one run.
template <class T>
void mix_run(RotationPlan<T>& plan, T* x) {
  for (std::int64_t i = 0; i < plan.size; i += plan.inner) walsh_hadamard(x + i, plan.inner);
  if (plan.base.order > 1) {
    mix_blocks(plan.base, x, plan.inner, plan.inner, plan.scratch.data());
  }
}

template <class T>
void rotate_run(RotationPlan<T>& plan, T* x) {
  const T* signs = plan.signs.data();
  if (plan.side == Side::kPlain) {
    for (std::int64_t i = 0; i < plan.size; ++i) x[i] *= signs[i];
    mix_run(plan, x);
    for (std::int64_t i = 0; i < plan.size; ++i) x[i] *= plan.norm;
  } else {
    mix_run(plan, x);
    for (std::int64_t i = 0; i < plan.size; ++i) x[i] = x[i] * plan.norm * signs[i];
  }
}

template <class T>
void rotate_all_rows(RotationPlan<T> plan, MatrixView<T> x) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    for (std::int64_t c = 0; c < x.cols; c += plan.size) rotate_run(plan, x.row(r) + c);
  }
}

// Columns that are rotated together, in a contiguous copy: rows of the matrix often lie a large
// power of two apart, where they would fight for the same lines of the cache.
inline constexpr std::int64_t kColumnTile = 32;

// x := (I (x) H) x for each of the kColumnTile columns of x [d, kColumnTile].
template <class T>
void mix_columns(RotationPlan<T>& plan, T* x) {
  for (std::int64_t i = 0; i < plan.size; i += plan.inner) {
    walsh_hadamard_columns(x + i * kColumnTile, plan.inner, kColumnTile);
  }
  for (std::int64_t j = 0; j < plan.inner && plan.base.order > 1; ++j) {
    mix_blocks(plan.base, x + j * kColumnTile, plan.inner * kColumnTile, kColumnTile,
               plan.scratch.data());
  }
}

// w [d, at most kColumnTile columns]; tile [d, kColumnTile].
template <class T>
void rotate_column_tile(RotationPlan<T>& plan, MatrixView<T> w, T* tile) {
  const T one{1};
  for (std::int64_t r = 0; r < plan.size; ++r) {
    const T sign = plan.side == Side::kPlain ? plan.signs[static_cast<std::size_t>(r)] : one;
    for (std::int64_t c = 0; c < w.cols; ++c) tile[r * kColumnTile + c] = w.row(r)[c] * sign;
  }
  mix_columns(plan, tile);
  for (std::int64_t r = 0; r < plan.size; ++r) {
    const T sign = plan.side == Side::kPlain ? one : plan.signs[static_cast<std::size_t>(r)];
    for (std::int64_t c = 0; c < w.cols; ++c) {
      w.row(r)[c] = tile[r * kColumnTile + c] * plan.norm * sign;
    }
  }
}

template <class T>
void rotate_all_columns(RotationPlan<T> plan, MatrixView<T> w) {
  std::vector<T> tile(static_cast<std::size_t>(plan.size * kColumnTile));
  for (std::int64_t r = 0; r < w.rows; r += plan.size) {
    for (std::int64_t c = 0; c < w.cols; c += kColumnTile) {
      const std::int64_t lanes = std::min(kColumnTile, w.cols - c);
      rotate_column_tile(plan, MatrixView<T>(w.row(r) + c, plan.size, lanes, w.stride),
                         tile.data());
    }
  }
}

}  // namespace detail

// Every run of rotation.size() values of every row of x becomes (run o r) H^T / sqrt(d), the row
// times the R_i of eq. (5). x [rows, a multiple of d]. Throws std::invalid_argument for other
// shapes.
template <RotatedNumber T>
void rotate_rows(const Rotation& rotation, MatrixView<T> x) {
  check_rotated_length("columns", x.cols, rotation);
  detail::rotate_all_rows(detail::RotationPlan<T>(rotation, detail::Side::kPlain), x);
}

// The inverse and the gradient of rotate_rows: every run v becomes (v H / sqrt(d)) o r.
template <RotatedNumber T>
void rotate_rows_transposed(const Rotation& rotation, MatrixView<T> x) {
  check_rotated_length("columns", x.cols, rotation);
  detail::rotate_all_rows(detail::RotationPlan<T>(rotation, detail::Side::kTransposed), x);
}

// rotate_rows along the other axis: every column's runs of rotation.size() values are rotated as if
// they were rows, with the same bits. For w [out, in] it turns y = x w^T into y R.
// w [a multiple of d, cols]. Throws std::invalid_argument for other shapes.
template <RotatedNumber T>
void rotate_columns(const Rotation& rotation, MatrixView<T> w) {
  check_rotated_length("rows", w.rows, rotation);
  detail::rotate_all_columns(detail::RotationPlan<T>(rotation, detail::Side::kPlain), w);
}

// The inverse of rotate_columns.
template <RotatedNumber T>
void rotate_columns_transposed(const Rotation& rotation, MatrixView<T> w) {
  check_rotated_length("rows", w.rows, rotation);
  detail::rotate_all_columns(detail::RotationPlan<T>(rotation, detail::Side::kTransposed), w);
}

}  // namespace roste::cpu
