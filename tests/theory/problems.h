// Problems that the theory tests share, and the statistics they need.
#pragma once

#include <cmath>
#include <cstdint>

#include "examples/least_squares/least_squares.h"

namespace least_squares::test {

// R as a dense matrix, from what it does to the unit vectors.
inline Eigen::MatrixXd dense(const Turn& turn, Eigen::Index d) {
  Matrix rows = Matrix::Identity(d, d);
  turn.apply(rows);  // row i is R e_i
  return rows.transpose();
}

// Data of dimension d with n samples, and the problem under `turn` with symmetric grids.
struct Bits {
  int w = 12;
  int a = 8;
};

inline DataSet small_data(int d, int n, std::uint64_t seed) {
  return make_data({.dim = d,
                    .samples = n,
                    .weight_outlier = 3,
                    .feature_outlier = 0,
                    .shift = 0.5,
                    .seed = seed});
}

inline LeastSquares small_problem(const DataSet& data, const Turn& turn, Bits bits) {
  return make_problem(data, turn, uniform_quantizer(roste::RangeRule::kSymmetric, bits.a),
                      uniform_quantizer(roste::RangeRule::kSymmetric, bits.w));
}

// log of the probability that exactly k of n independent events of probability p happen.
inline double log_binomial(int n, int k, double p) {
  return std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) + k * std::log(p) +
         (n - k) * std::log1p(-p);
}

// The smallest k that is exceeded with probability at most `tail`.
inline int binomial_quantile(int n, double p, double tail) {
  double beyond = 0;
  for (int k = n; k >= 0; --k) {
    beyond += std::exp(log_binomial(n, k, p));
    if (beyond > tail) return k;
  }
  return 0;
}

}  // namespace least_squares::test
