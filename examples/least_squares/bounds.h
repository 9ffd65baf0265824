// Theorem 4.3 and Proposition 4.4 in numbers. Every formula of section 4 that bounds something
// stands here and nowhere else.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace least_squares {

// eta = lambda_min / (6 rho), the step size of Theorem 4.3. Its proof needs no more than <=.
inline double theorem_step_size(double lambda_min, double rho) { return lambda_min / (6 * rho); }

// mu = lambda_min^2 / (12 rho), what a step of that size contracts by.
inline double contraction(double lambda_min, double rho) {
  return lambda_min * lambda_min / (12 * rho);
}

// The right side of eq. (18) as printed, at index t for E[L(m^{t+1})]: [T] values.
//   (1 - mu)^{t+1} loss_0 + (6 + 2/mu) sum_{s=0}^{t+1} (1 - mu)^{t-s} errors[s]
// errors: [T + 1] values of E ||e(R w^s)||_G^2. mu in (0, 1). For a step of c lambda_min / (6 rho)
// with c <= 1, the proof gives the same with c mu in the place of mu.
inline std::vector<double> theorem_bound(double mu, double loss_0, std::span<const double> errors) {
  std::vector<double> bound;
  double start = loss_0;
  double sum = errors[0] / (1 - mu);  // (1 - mu)^{t-s} with t = -1
  for (std::size_t t = 0; t + 1 < errors.size(); ++t) {
    start *= 1 - mu;
    sum = (1 - mu) * sum + errors[t + 1] / (1 - mu);
    bound.push_back(start + (6 + 2 / mu) * sum);
  }
  return bound;
}

// The tighter bound that the proof of eq. (18) passes through, eqs. (41)-(42): [T] values.
//   b_{t+1} = (1 - mu) b_t + (3 + 1/mu) (errors[t+1] + errors[t]),  b_0 = loss_0
inline std::vector<double> proof_bound(double mu, double loss_0, std::span<const double> errors) {
  std::vector<double> bound;
  double b = loss_0;
  for (std::size_t t = 0; t + 1 < errors.size(); ++t) {
    b = (1 - mu) * b + (3 + 1 / mu) * (errors[t + 1] + errors[t]);
    bound.push_back(b);
  }
  return bound;
}

// 2^{bits-1} - 1, the largest code of eq. (2).
inline double largest_code(int bits) {
  return static_cast<double>((std::int64_t{1} << (bits - 1)) - 1);
}

// eq. (20): ||Q_w(w) - w||^2 is at most this for weights of dimension d and largest magnitude max.
inline double unrotated_error_bound(int bits, std::int64_t d, double max) {
  const double q = largest_code(bits);
  return static_cast<double>(d) * max * max / (4 * q * q);
}

// What float arithmetic may add to a squared error bounded by eq. (20): a value is off by at most
// half a step s/2 and 4 u max with u = 2^-24, and s/2 = max / (2 q).
inline double float_slack(int bits) {
  const double extra = 8 * 0x1p-24 * largest_code(bits);
  return (1 + extra) * (1 + extra);
}

// log(4 d / delta), the price of one rotation for all coordinates in eqs. (21) and (22).
inline double log_coordinates(std::int64_t d, double delta) {
  return std::log(4 * static_cast<double>(d) / delta);
}

// eq. (21): with probability 1 - delta, ||Q_w(R w) - R w||^2 is at most this.
inline double rotated_error_bound(int bits, std::int64_t d, double delta, double squared_norm) {
  const double q = largest_code(bits);
  return log_coordinates(d, delta) / (2 * q * q) * squared_norm;
}

// The lemma behind eq. (21), Hoeffding's inequality over d coordinates: with probability 1 - delta,
// no coordinate of R w exceeds this times ||w||. (It gives log(2 d / delta); eq. (21) has 4 d.)
inline double coordinate_bound(std::int64_t d, double delta) {
  return std::sqrt(2 * std::log(2 * static_cast<double>(d) / delta) / static_cast<double>(d));
}

// The two sides of eq. (22); rotation has the smaller worst case where rotated <= unrotated.
struct WorstCases {
  double rotated = 0;    // log(4 d / delta) / 2 ||w_R||^2
  double unrotated = 0;  // d max_i (w_I)_i^2 / 4
  bool rotation_wins() const { return rotated <= unrotated; }
};

inline WorstCases equation_22(std::int64_t d, double delta, double rotated_squared_norm,
                              double unrotated_max) {
  return {log_coordinates(d, delta) / 2 * rotated_squared_norm,
          static_cast<double>(d) * unrotated_max * unrotated_max / 4};
}

}  // namespace least_squares
