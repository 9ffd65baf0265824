// One problem put through Theorem 4.3: constants, step size, trajectory, bound, verdict.
#pragma once

#include <string>
#include <vector>

#include "examples/least_squares/bounds.h"
#include "examples/least_squares/experiments.h"
#include "examples/least_squares/gradient_descent.h"

namespace least_squares {

struct TheoremRun {
  Constants constants;
  double step_size = 0;            // eta
  double mu = 0;                   // contraction of eq. (18) for this step size
  Trajectory trajectory;           // [T + 1]
  std::vector<Expectation> bound;  // [T] right side of eq. (18), for t + 1 = 1 ... T
  std::vector<double> proof;       // [T] eq. (42)
  bool applies = false;            // Assumption 4.2 and eta <= lambda_min / (6 rho)

  // Left over right side of eq. (18) for E[L^{t+1}].
  double ratio(std::size_t t) const { return trajectory.loss[t + 1].mean / bound[t].mean; }
  double largest_ratio() const;

  // Eq. (18) at every t, up to three standard errors where expectations are not exact.
  bool holds() const;
};

// Runs `problem` from `start` with step_scale times the theorem's step. Above that step the bound
// is that of the theorem's step, for comparison only.
TheoremRun run_theorem(const LeastSquares& problem, const Vector& start, const Settings& settings);

// The data of problem `repeat` (0 ... seeds - 1) of a workload. With samples from a file, only the
// pre-trained weights differ.
DataSet data_of(const Workload& workload, int repeat);

// The problem of `data` under one kind of rotation, drawn for `repeat`, with the workload's grids.
// Throws Failure when all features or all labels are 0.
LeastSquares problem_of(const Workload& workload, const DataSet& data, RotationKind kind,
                        int repeat);

// "W4 A8", for titles.
std::string widths(const Settings& settings);

// "d = 64, n = 8, <bits>, weight outlier 12, feature outlier 0", for titles.
std::string describe(const Workload& workload, const std::string& bits);

// Of an odd number of values the middle one, else the mean of the two in the middle; 0 for none.
double median(std::vector<double> values);

}  // namespace least_squares
