#include "reference_trainer/baselines/cayley_sgd.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "reference_trainer/roste/dense_matrix.h"

namespace trainer {
namespace {

constexpr double kNormFloor = 1e-8;      // epsilon of Algorithm 1
constexpr double kRetractAbove = 1e-12;  // far above the rounding of a solve, far below a float's

// W = What - What^T with What = M X^T - 1/2 X (X^T M X^T): W X is the part of M that is tangent at
// X.
DenseMatrix skew_matrix(const DenseMatrix& m, const DenseMatrix& x) {
  const DenseMatrix mxt = m * x.transpose();
  const DenseMatrix hat = mxt - 0.5 * (x * (x.transpose() * mxt));
  return hat - hat.transpose();
}

// The largest column sum of magnitudes.
double one_norm(const DenseMatrix& w) { return w.cwiseAbs().colwise().sum().maxCoeff(); }

DenseMatrix solved(const DenseMatrix& half_step, const DenseMatrix& x) {
  const DenseMatrix identity = DenseMatrix::Identity(x.rows(), x.rows());
  const DenseMatrix right = x + half_step * x;
  return (identity - half_step).partialPivLu().solve(right);
}

// From X + a W X, as in Algorithm 1. |a/2 W| <= 1/2 makes the map contract.
DenseMatrix iterated(const DenseMatrix& half_step, const DenseMatrix& x, int iterations) {
  DenseMatrix y = x + 2 * (half_step * x);
  for (int i = 0; i < iterations; ++i) {
    const DenseMatrix sum = x + y;
    y = x + half_step * sum;
  }
  return y;
}

}  // namespace

CayleySgd::CayleySgd(const CayleySettings& settings, DenseRotation start)
    : settings_(settings), point_(std::move(start)), momentum_(point_.values().size(), 0.0) {}

CayleyStep CayleySgd::step(double learning_rate, std::span<const double> gradient) {
  if (gradient.size() != momentum_.size()) {
    throw std::invalid_argument("CayleySgd: a gradient of " + std::to_string(gradient.size()) +
                                " values; expected " + std::to_string(momentum_.size()));
  }
  const std::int64_t d = point_.size();
  const DenseMatrix x = matrix_of(point_), g = matrix_of(gradient, d);
  const DenseMatrix m = settings_.momentum * matrix_of(momentum_, d) - g;
  const DenseMatrix w = skew_matrix(m, x);
  const DenseMatrix tangent = w * x;
  CayleyStep report;
  report.step_size = std::min(learning_rate, 1 / (one_norm(w) + kNormFloor));
  report.directional_change = g.cwiseProduct(tangent).sum();
  std::copy_n(tangent.data(), tangent.size(), momentum_.begin());

  const DenseMatrix half_step = report.step_size / 2 * w;
  const DenseMatrix next = settings_.map == CayleyMap::kSolve
                               ? solved(half_step, x)
                               : iterated(half_step, x, settings_.iterations);
  point_ = rotation_of(next);
  report.defect = orthogonality_defect(point_);
  if (!(report.defect <= kRetractAbove)) point_ = orthogonalized(point_);
  return report;
}

}  // namespace trainer
