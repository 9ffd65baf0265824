// The problem of section 4 under one rotation: its loss, its straight-through gradient, and the
// constants of its assumptions.
//
//   a_i = Q_x(R x_i)                                 features
//   G   = E[a a^T] = (1/n) sum_i a_i a_i^T           eq. (16); ||v||_G^2 = (1/n) sum_i <a_i | v>^2
//   g   = (<a_i | Q_w(R w)> - y_i) R^T a_i           eq. (15)
//
// Many weight vectors are treated at once, as rows of a matrix.
#pragma once

#include <Eigen/SVD>
#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "examples/least_squares/data.h"

namespace least_squares {

struct LeastSquares {
  Matrix features;             // [n, d] rows a_i
  Vector labels;               // [n]
  Turn turn;                   // R
  Quantizer weight_quantizer;  // Q_w, any function
};

// The problem of `data` under R and two quantizers, which may be any functions.
inline LeastSquares make_problem(const DataSet& data, Turn turn, const Quantizer& q_x,
                                 Quantizer q_w) {
  Matrix features = data.x;
  turn.apply(features);
  quantize_rows(q_x, features);
  return {std::move(features), data.y, std::move(turn), std::move(q_w)};
}

// What the assumptions of Theorem 4.3 are about.
struct Constants {
  int rank = 0;                   // of the features
  double lambda_min = 0;          // smallest non-zero eigenvalue of G: G^2 >= lambda_min G
  double rho = 0;                 // max_i ||a_i||_G^2
  Vector interpolator;            // [d] w*_R: least squares, of smallest norm
  double relative_residual = 0;   // ||A w* - y|| / ||y||; 0 up to rounding under Assumption 4.2
  double mean_squared_label = 0;  // (1/n) ||y||^2, the loss of a model that says 0

  // Assumption 4.2. Interpolated labels leave a residual of the order of 2^-53 times the condition
  // number, below 1e-9 up to a condition of 1e7; labels out of reach leave one of the order of 1.
  bool interpolates() const { return relative_residual < 1e-8; }
};

// Exact up to rounding: the eigenvalues of G are the squared singular values of the features, over
// n.
inline Constants constants_of(const LeastSquares& problem) {
  const Matrix& a = problem.features;
  const double n = static_cast<double>(a.rows());
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(a, Eigen::ComputeThinU | Eigen::ComputeThinV);
  Constants constants;
  constants.rank = static_cast<int>(svd.rank());
  if (constants.rank > 0) {
    const double smallest = svd.singularValues()(constants.rank - 1);
    constants.lambda_min = smallest * smallest / n;
  }
  constants.rho = (a * a.transpose()).rowwise().squaredNorm().maxCoeff() / n;
  constants.interpolator = svd.solve(problem.labels);
  const double label_norm = problem.labels.norm();
  const double residual = (a * constants.interpolator - problem.labels).norm();
  constants.relative_residual = residual == 0 ? 0 : residual / label_norm;
  constants.mean_squared_label = label_norm * label_norm / n;
  return constants;
}

// What a model computes on the way to its predictions, for each row w of a matrix of weights.
struct ForwardPass {
  Matrix rotated;      // [P, d] R w
  Matrix quantized;    // [P, d] Q_w(R w)
  Matrix predictions;  // [P, n] <a_i | Q_w(R w)>, eq. (14)
};

inline ForwardPass forward(const LeastSquares& problem, const Matrix& weights) {
  ForwardPass pass{weights, {}, {}};
  problem.turn.apply(pass.rotated);
  pass.quantized = pass.rotated;
  quantize_rows(problem.weight_quantizer, pass.quantized);
  pass.predictions = pass.quantized * problem.features.transpose();
  return pass;
}

// E[(<Q_x(R x) | Q_w(R w)> - y)^2] for each row, eq. (23); eq. (13) is half of it. [P]
inline Vector losses(const LeastSquares& problem, const ForwardPass& pass) {
  return (pass.predictions.rowwise() - problem.labels.transpose()).rowwise().squaredNorm() /
         static_cast<double>(problem.labels.size());
}

// ||e(R w)||_G^2 with e(v) = Q_w(v) - v for each row, the error that eq. (18) sums. [P]
inline Vector weight_errors(const LeastSquares& problem, const ForwardPass& pass) {
  const Matrix e = pass.quantized - pass.rotated;
  return (e * problem.features.transpose()).rowwise().squaredNorm() /
         static_cast<double>(problem.labels.size());
}

// The straight-through gradient of eq. (15), row p for sample samples[p]: [P, d].
inline Matrix ste_gradient(const LeastSquares& problem, const ForwardPass& pass,
                           std::span<const Eigen::Index> samples) {
  Matrix gradient(pass.predictions.rows(), problem.features.cols());
  for (Eigen::Index p = 0; p < gradient.rows(); ++p) {
    const Eigen::Index i = samples[static_cast<std::size_t>(p)];
    gradient.row(p) = (pass.predictions(p, i) - problem.labels(i)) * problem.features.row(i);
  }
  problem.turn.apply_transposed(gradient);
  return gradient;
}

}  // namespace least_squares
