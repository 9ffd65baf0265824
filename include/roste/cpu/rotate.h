// Carries out a Rotation on matrices, in place or from one to another; see core/rotation.h for the
// convention and the order of additions.
//
// Values are float, BFloat16, Half or double. The 16-bit types are computed on in float and rounded
// once, when the result is stored; double takes the portable loops. The last argument chooses the
// instruction set; all of them give the same bits. A Rotation is never written to: threads may
// share one.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "roste/core/number_types.h"
#include "roste/core/rotation.h"
#include "roste/cpu/detail/rotate_tiles.h"
#include "roste/cpu/isa.h"
#include "roste/cpu/matrix_view.h"

namespace roste::cpu {

// What a rotation can be carried out on.
template <class T>
concept RotatedNumber = Number<T> || std::same_as<T, double>;

// Throws std::invalid_argument unless `length`, a number of `what` ("rows", "columns"), is a
// multiple of rotation.size().
inline void check_rotated_length(const char* what, std::int64_t length, const Rotation& rotation) {
  if (length == rotation.size() || length % rotation.size() == 0) return;  // division is slow
  throw std::invalid_argument("roste: rotation of dimension " + std::to_string(rotation.size()) +
                              " of a matrix with " + std::to_string(length) + " " + what +
                              "; expected a multiple");
}

// Floats of workspace with which rotate_rows and rotate_rows_transposed allocate nothing. Without a
// workspace they allocate only for 16-bit types and where rotation.base_order() > 1.
inline std::int64_t rotate_workspace(const Rotation& rotation) {
  return detail::table_numbers(rotation) + rotation.size() + detail::kAlignment;
}

// The same for rotate_columns and rotate_columns_transposed, which always need one.
inline std::int64_t rotate_columns_workspace(const Rotation& rotation) {
  return detail::table_numbers(rotation) + rotation.size() * detail::kColumnTile +
         detail::kAlignment;
}

namespace detail {

inline void check_workspace(const char* verb, std::size_t given, std::int64_t needed) {
  if (given >= static_cast<std::size_t>(needed)) return;
  throw std::invalid_argument(std::string("roste: ") + verb + " with a workspace of " +
                              std::to_string(given) + " floats; expected at least " +
                              std::to_string(needed));
}

template <class T>
void rotate_checked_rows(const Rotation& rotation, Side side, MatrixView<const T> x,
                         MatrixView<T> y, Isa isa) {
  check_same_shape("rotating", x, y);
  check_rotated_length("columns", x.cols, rotation);
  RotationMemory<T> memory(rows_memory<T>(rotation));
  rotate_matrix_rows({rotation, side, isa}, x, y, memory.span());
}

template <class T>
void rotate_checked_columns(const Rotation& rotation, Side side, MatrixView<const T> x,
                            MatrixView<T> y, Isa isa) {
  check_same_shape("rotating", x, y);
  check_rotated_length("rows", x.rows, rotation);
  RotationMemory<T> memory(columns_memory(rotation));
  rotate_matrix_columns({rotation, side, isa}, x, y, memory.span());
}

template <class T>
void rotate_rows_within(const Rotation& rotation, Side side, MatrixView<const T> x, MatrixView<T> y,
                        std::span<float> workspace, Isa isa) {
  check_same_shape("rotating", x, y);
  check_rotated_length("columns", x.cols, rotation);
  check_workspace("rotating rows", workspace.size(), rotate_workspace(rotation));
  rotate_matrix_rows({rotation, side, isa}, x, y, aligned(workspace));
}

template <class T>
void rotate_columns_within(const Rotation& rotation, Side side, MatrixView<const T> x,
                           MatrixView<T> y, std::span<float> workspace, Isa isa) {
  check_same_shape("rotating", x, y);
  check_rotated_length("rows", x.rows, rotation);
  check_workspace("rotating columns", workspace.size(), rotate_columns_workspace(rotation));
  rotate_matrix_columns({rotation, side, isa}, x, y, aligned(workspace));
}

}  // namespace detail

// Every run of rotation.size() values of every row of x becomes (run o r) H^T / sqrt(d), the row
// times the R_i of eq. (5). x [rows, a multiple of d]. Throws std::invalid_argument for other
// shapes.
template <RotatedNumber T>
void rotate_rows(const Rotation& rotation, MatrixView<T> x, Isa isa) {
  detail::rotate_checked_rows<T>(rotation, Side::kPlain, x, x, isa);
}
template <RotatedNumber T>
void rotate_rows(const Rotation& rotation, MatrixView<T> x) {
  rotate_rows(rotation, x, best_isa());
}
// From x to y of the same shape, which may be x but not overlap it otherwise.
template <RotatedNumber T>
void rotate_rows(const Rotation& rotation, std::type_identity_t<MatrixView<const T>> x,
                 MatrixView<T> y, Isa isa = best_isa()) {
  detail::rotate_checked_rows<T>(rotation, Side::kPlain, x, y, isa);
}
// The same without an allocation, in rotate_workspace() floats. Throws where there are fewer.
template <Number T>
void rotate_rows(const Rotation& rotation, std::type_identity_t<MatrixView<const T>> x,
                 MatrixView<T> y, std::span<float> workspace, Isa isa = best_isa()) {
  detail::rotate_rows_within<T>(rotation, Side::kPlain, x, y, workspace, isa);
}

// The inverse and the gradient of rotate_rows: every run v becomes (v H / sqrt(d)) o r. Shapes,
// overloads and errors as there.
template <RotatedNumber T>
void rotate_rows_transposed(const Rotation& rotation, MatrixView<T> x, Isa isa) {
  detail::rotate_checked_rows<T>(rotation, Side::kTransposed, x, x, isa);
}
template <RotatedNumber T>
void rotate_rows_transposed(const Rotation& rotation, MatrixView<T> x) {
  rotate_rows_transposed(rotation, x, best_isa());
}
template <RotatedNumber T>
void rotate_rows_transposed(const Rotation& rotation, std::type_identity_t<MatrixView<const T>> x,
                            MatrixView<T> y, Isa isa = best_isa()) {
  detail::rotate_checked_rows<T>(rotation, Side::kTransposed, x, y, isa);
}
template <Number T>
void rotate_rows_transposed(const Rotation& rotation, std::type_identity_t<MatrixView<const T>> x,
                            MatrixView<T> y, std::span<float> workspace, Isa isa = best_isa()) {
  detail::rotate_rows_within<T>(rotation, Side::kTransposed, x, y, workspace, isa);
}

// rotate_rows along the other axis: every column's runs of rotation.size() values are rotated as if
// they were rows, with the same bits. For w [out, in] it turns y = x w^T into y R.
// w [a multiple of d, cols]. Throws std::invalid_argument for other shapes.
template <RotatedNumber T>
void rotate_columns(const Rotation& rotation, MatrixView<T> w, Isa isa) {
  detail::rotate_checked_columns<T>(rotation, Side::kPlain, w, w, isa);
}
template <RotatedNumber T>
void rotate_columns(const Rotation& rotation, MatrixView<T> w) {
  rotate_columns(rotation, w, best_isa());
}
// From w to y of the same shape, which may be w but not overlap it otherwise.
template <RotatedNumber T>
void rotate_columns(const Rotation& rotation, std::type_identity_t<MatrixView<const T>> w,
                    MatrixView<T> y, Isa isa = best_isa()) {
  detail::rotate_checked_columns<T>(rotation, Side::kPlain, w, y, isa);
}
// The same without an allocation, in rotate_columns_workspace() floats. Throws where there are
// fewer.
template <Number T>
void rotate_columns(const Rotation& rotation, std::type_identity_t<MatrixView<const T>> w,
                    MatrixView<T> y, std::span<float> workspace, Isa isa = best_isa()) {
  detail::rotate_columns_within<T>(rotation, Side::kPlain, w, y, workspace, isa);
}

// The inverse of rotate_columns. Shapes, overloads and errors as there.
template <RotatedNumber T>
void rotate_columns_transposed(const Rotation& rotation, MatrixView<T> w, Isa isa) {
  detail::rotate_checked_columns<T>(rotation, Side::kTransposed, w, w, isa);
}
template <RotatedNumber T>
void rotate_columns_transposed(const Rotation& rotation, MatrixView<T> w) {
  rotate_columns_transposed(rotation, w, best_isa());
}
template <RotatedNumber T>
void rotate_columns_transposed(const Rotation& rotation,
                               std::type_identity_t<MatrixView<const T>> w, MatrixView<T> y,
                               Isa isa = best_isa()) {
  detail::rotate_checked_columns<T>(rotation, Side::kTransposed, w, y, isa);
}
template <Number T>
void rotate_columns_transposed(const Rotation& rotation,
                               std::type_identity_t<MatrixView<const T>> w, MatrixView<T> y,
                               std::span<float> workspace, Isa isa = best_isa()) {
  detail::rotate_columns_within<T>(rotation, Side::kTransposed, w, y, workspace, isa);
}

}  // namespace roste::cpu
