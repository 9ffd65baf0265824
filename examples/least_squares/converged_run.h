// Where eq. (15) ends up, for questions about converged weights rather than about the bound.
#pragma once

#include "examples/least_squares/gradient_descent.h"

namespace least_squares {

struct Converged {
  double loss = 0;          // eq. (23), mean over the last quarter of the steps
  double weight_error = 0;  // ||e(R w)||^2 at the end
  double squared_norm = 0;  // ||w||^2
  double max = 0;           // max_i |(R w)_i|
};

// One path of eq. (15) from `start` with eta = 1 / max_i ||a_i||^2, at which a step fits the sample
// it draws if weights are not quantized. The theorem's step is smaller (about 17 times, on the
// default data) and so leads there more slowly. Throws as descend does.
inline Converged converge(const LeastSquares& problem, const Vector& start, int steps,
                          std::uint64_t seed) {
  const double largest = problem.features.rowwise().squaredNorm().maxCoeff();
  const Trajectory trajectory = descend(problem, start, {1 / largest, steps, 1, seed});
  const ForwardPass end = forward(problem, trajectory.weights);
  Converged converged;
  const std::size_t last = trajectory.loss.size(), first = last - (last + 3) / 4;
  for (std::size_t t = first; t < last; ++t) converged.loss += trajectory.loss[t].mean;
  converged.loss /= static_cast<double>(last - first);
  converged.weight_error = (end.quantized - end.rotated).squaredNorm();
  converged.squared_norm = end.rotated.squaredNorm();
  converged.max = end.rotated.cwiseAbs().maxCoeff();
  return converged;
}

}  // namespace least_squares
