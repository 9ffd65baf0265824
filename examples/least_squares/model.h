// The two maps of the model of eq. (14), <Q_x(R x) | Q_w(R w)>: a quantizer and a rotation.
//
// The theory is computed in double. Only the library's grid works in float: its quantizer rounds a
// vector to float, quantizes, and widens the result, so e(v) = Q(v) - v contains that rounding,
// 2^-24 of a value, which is 1/256 of half a step at 16 bits and less below. Theorem 4.3 holds for
// any function Q_w; eqs. (20) and (21) are about this grid.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "roste/cpu/eigen.h"
#include "roste/roste.h"

namespace least_squares {

using Matrix = roste::cpu::RowMatrix<double>;  // rows are vectors of R^d
using Vector = Eigen::VectorXd;

// v := Q(v), one vector of R^d. Any function will do: a codebook, stochastic rounding, nothing.
using Quantizer = std::function<void(std::span<double> v)>;

inline constexpr int kFullPrecision = 32;  // a number of bits that means: not quantized

// The library's uniform grid of eqs. (1)-(4) with one scale for the whole vector and c = 1, or the
// identity for kFullPrecision. bits: 2 (asymmetric 1) ... 16, or kFullPrecision. Throws
// std::invalid_argument; the quantizer throws roste::NonFiniteError.
inline Quantizer uniform_quantizer(roste::RangeRule rule, int bits) {
  if (bits == kFullPrecision) return [](std::span<double>) {};
  const roste::Scheme scheme{roste::make_grid(rule, bits), {roste::Grouping::Kind::kRow, 0}};
  return [scheme](std::span<double> v) {
    std::vector<float> single(v.begin(), v.end());
    roste::cpu::fake_quantize(scheme, roste::cpu::MatrixView<float>(std::span<float>(single)));
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = static_cast<double>(single[i]);
  };
}

// Every row v of `rows` becomes Q(v).
inline void quantize_rows(const Quantizer& quantizer, Matrix& rows) {
  for (Eigen::Index r = 0; r < rows.rows(); ++r) {
    quantizer(std::span<double>(rows.row(r).data(), static_cast<std::size_t>(rows.cols())));
  }
}

// The R of eq. (14): the identity, or the random Walsh-Hadamard matrix of eq. (19).
class Turn {
 public:
  static Turn identity() { return {}; }

  // R(zeta) of dimension d. Throws std::invalid_argument where the library constructs no Hadamard
  // matrix of order d: eq. (21) is about one that mixes all coordinates.
  static Turn hadamard(std::int64_t d, std::uint64_t zeta) {
    Turn turn;
    turn.rotation_ = roste::Rotation::hadamard(d, zeta);
    if (!turn.rotation_->note().empty()) throw std::invalid_argument(turn.rotation_->note());
    return turn;
  }

  // Every row v becomes R v, seen as a column.
  void apply(Matrix& rows) const {
    if (rotation_) roste::cpu::rotate_rows(*rotation_, roste::cpu::view(rows));
  }

  // Every row v becomes R^T v.
  void apply_transposed(Matrix& rows) const {
    if (rotation_) roste::cpu::rotate_rows_transposed(*rotation_, roste::cpu::view(rows));
  }

 private:
  std::optional<roste::Rotation> rotation_;
};

}  // namespace least_squares
