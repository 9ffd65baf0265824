// The recursion of eq. (15), w^{t+1} = w^t - eta g^t, and expectations over the samples it draws.
//
// After t steps there are n^t equally likely sequences of samples. As long as they are no more than
// `max_paths`, all of them are followed and expectations are exact; from then on, each path draws
// its own samples, and the expectation is a mean over paths with a standard error.
#pragma once

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "examples/least_squares/least_squares.h"

namespace least_squares {

struct DescentSettings {
  double step_size = 0;      // eta
  int steps = 1000;          // T
  std::int64_t paths = 256;  // followed at once; at least 1
  std::uint64_t seed = 1;    // of the samples
};

// A mean over paths. The error is 0 where all sequences are enumerated, and otherwise that of
// independent paths: paths that share no beginning more often than chance have a smaller one.
struct Expectation {
  double mean = 0;
  double standard_error = 0;
};

struct Trajectory {
  int exact_steps = 0;                    // expectations at t <= exact_steps are exact
  std::vector<Expectation> loss;          // [T + 1] E of eq. (23) at w^t
  std::vector<Expectation> weight_error;  // [T + 1] E ||e(R w^t)||_G^2
  Matrix weights;                         // [P, d] w^T of every path
};

namespace detail {

inline Expectation expectation(const Vector& values, bool enumerated) {
  const double count = static_cast<double>(values.size());
  const double mean = values.mean();
  if (enumerated || values.size() < 2) return {mean, 0};
  const double variance = (values.array() - mean).square().sum() / (count - 1);
  return {mean, std::sqrt(variance / count)};
}

// Each row `times` times, copies side by side.
inline Matrix repeat_rows(const Matrix& rows, Eigen::Index times) {
  Matrix repeated(rows.rows() * times, rows.cols());
  for (Eigen::Index r = 0; r < repeated.rows(); ++r) repeated.row(r) = rows.row(r / times);
  return repeated;
}

// The paths of a descent and the samples they take next.
class Paths {
 public:
  Paths(const LeastSquares& problem, const Vector& start, const DescentSettings& settings)
      : settings_(settings),
        stream_(stream_seed(settings.seed, Stream::kSamples)),
        samples_(problem.labels.size()),
        weights_(start.transpose()) {}

  const Matrix& weights() const { return weights_; }
  bool enumerated() const { return enumerated_; }

  // Splits every path into one for each sample while there is room, else fills the room once.
  void branch() {
    if (!enumerated_) return;
    enumerated_ = weights_.rows() * samples_ <= settings_.paths;
    const Eigen::Index times = enumerated_ ? samples_ : settings_.paths / weights_.rows();
    weights_ = repeat_rows(weights_, times);
  }

  // One sample for each path at step t: all of them in turn, or a random one.
  std::vector<Eigen::Index> draw(int t) const {
    std::vector<Eigen::Index> drawn;
    for (Eigen::Index p = 0; p < weights_.rows(); ++p) {
      drawn.push_back(enumerated_ ? p % samples_ : random_sample(t, p));
    }
    return drawn;
  }

  void step(const Matrix& gradient) { weights_ -= settings_.step_size * gradient; }

 private:
  // floor(n u) with u of 32 bits: off from uniform by less than n 2^-32.
  Eigen::Index random_sample(int t, Eigen::Index p) const {
    const std::uint64_t index = static_cast<std::uint64_t>(t * settings_.paths + p);
    const std::uint64_t n = static_cast<std::uint64_t>(samples_);
    return static_cast<Eigen::Index>((roste::random_bits(stream_, index) >> 32) * n >> 32);
  }

  DescentSettings settings_;
  std::uint64_t stream_;
  Eigen::Index samples_;
  Matrix weights_;
  bool enumerated_ = true;
};

}  // namespace detail

// Runs eq. (15) from `start` [d]. Throws std::overflow_error, or roste::NonFiniteError from the
// library's quantizer, when a step size makes weights overflow.
inline Trajectory descend(const LeastSquares& problem, const Vector& start,
                          const DescentSettings& settings) {
  detail::Paths paths(problem, start, settings);
  Trajectory trajectory;
  for (int t = 0;; ++t) {
    const bool exact = paths.enumerated();
    if (t < settings.steps) paths.branch();
    const ForwardPass pass = forward(problem, paths.weights());
    trajectory.loss.push_back(detail::expectation(losses(problem, pass), exact));
    trajectory.weight_error.push_back(detail::expectation(weight_errors(problem, pass), exact));
    if (!std::isfinite(trajectory.loss.back().mean)) throw std::overflow_error("a loss overflowed");
    if (exact) trajectory.exact_steps = t;
    if (t == settings.steps) break;
    paths.step(ste_gradient(problem, pass, paths.draw(t)));
  }
  trajectory.weights = paths.weights();
  return trajectory;
}

}  // namespace least_squares
