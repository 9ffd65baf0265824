#include "examples/least_squares/theorem_run.h"

#include <algorithm>
#include <cmath>

#include "examples/least_squares/failure.h"
#include "examples/least_squares/table.h"

namespace least_squares {

namespace {

std::vector<double> parts(const std::vector<Expectation>& values, double Expectation::*part) {
  std::vector<double> result;
  for (const Expectation& value : values) result.push_back(value.*part);
  return result;
}

// The bound is linear in the errors, and the standard error of a sum is at most the sum of standard
// errors: the same formula bounds it.
std::vector<Expectation> expected_bound(double mu, const Trajectory& trajectory) {
  const auto& errors = trajectory.weight_error;
  const auto mean = theorem_bound(mu, trajectory.loss[0].mean, parts(errors, &Expectation::mean));
  const auto spread = theorem_bound(mu, 0, parts(errors, &Expectation::standard_error));
  std::vector<Expectation> bound;
  for (std::size_t t = 0; t < mean.size(); ++t) bound.push_back({mean[t], spread[t]});
  return bound;
}

DescentSettings descent_of(const Settings& settings, double step_size) {
  return {step_size, settings.steps, settings.paths, settings.data.seed};
}

}  // namespace

double TheoremRun::largest_ratio() const {
  double largest = 0;
  for (std::size_t t = 0; t < bound.size(); ++t) largest = std::max(largest, ratio(t));
  return largest;
}

bool TheoremRun::holds() const {
  for (std::size_t t = 0; t < bound.size(); ++t) {
    const Expectation& loss = trajectory.loss[t + 1];
    const double slack = 3 * (loss.standard_error + bound[t].standard_error);
    if (!(loss.mean <= bound[t].mean + slack)) return false;
  }
  return true;
}

TheoremRun run_theorem(const LeastSquares& problem, const Vector& start, const Settings& settings) {
  TheoremRun run;
  run.constants = constants_of(problem);
  const double lambda_min = run.constants.lambda_min, rho = run.constants.rho;
  run.step_size = settings.step_scale * theorem_step_size(lambda_min, rho);
  run.mu = std::min(settings.step_scale, 1.0) * contraction(lambda_min, rho);
  run.trajectory = descend(problem, start, descent_of(settings, run.step_size));
  run.bound = expected_bound(run.mu, run.trajectory);
  run.proof = proof_bound(run.mu, run.trajectory.loss[0].mean,
                          parts(run.trajectory.weight_error, &Expectation::mean));
  run.applies = run.constants.interpolates() && settings.step_scale <= 1;
  return run;
}

DataSet data_of(const Workload& workload, int repeat) {
  DataSettings settings = workload.settings.data;
  settings.seed += static_cast<std::uint64_t>(repeat);
  if (workload.samples) return make_data(settings, workload.samples->x, workload.samples->y);
  return make_data(settings);
}

LeastSquares problem_of(const Workload& workload, const DataSet& data, RotationKind kind,
                        int repeat) {
  const Settings& s = workload.settings;
  if (data.x.isZero(0) || data.y.isZero(0)) {
    throw Failure(ExitCode::kUsage, "all features or all labels are 0: there is nothing to fit");
  }
  const std::uint64_t seed = s.data.seed + static_cast<std::uint64_t>(repeat);
  Turn turn = kind == RotationKind::kNone
                  ? Turn::identity()
                  : Turn::hadamard(data.x.cols(), stream_seed(seed, Stream::kRotation));
  return make_problem(data, std::move(turn), uniform_quantizer(s.a_range, s.a_bits),
                      uniform_quantizer(roste::RangeRule::kSymmetric, s.w_bits));
}

std::string widths(const Settings& settings) {
  return "W" + std::to_string(settings.w_bits) + " A" + std::to_string(settings.a_bits);
}

std::string describe(const Workload& workload, const std::string& bits) {
  const Settings& s = workload.settings;
  const Eigen::Index d = workload.samples ? workload.samples->x.cols() : s.data.dim;
  const Eigen::Index n = workload.samples ? workload.samples->x.rows() : s.data.samples;
  return "d = " + std::to_string(d) + ", n = " + std::to_string(n) + ", " + bits +
         ", weight outlier " + number_text(s.data.weight_outlier, 3) + ", feature outlier " +
         number_text(s.data.feature_outlier, 3);
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace least_squares
