#include "reference_trainer/baselines/gptq_feedback.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "reference_trainer/base/error.h"
#include "reference_trainer/baselines/hessian_maps.h"

namespace trainer {
namespace {

constexpr int kLargestRaises = 3;

[[noreturn]] void throw_not_positive_definite(const std::string& name, const std::string& got) {
  throw Error(ExitCode::kNumerics, {"QN-30", name, got, "a positive definite Hessian of its inputs",
                                    "raise the damping, or use more calibration samples"});
}

std::vector<std::uint8_t> dead_columns(const ConstDoubleMap& h) {
  std::vector<std::uint8_t> dead(static_cast<std::size_t>(h.cols()));
  for (std::int64_t c = 0; c < h.cols(); ++c) dead[static_cast<std::size_t>(c)] = h(c, c) == 0;
  return dead;
}

// The scale of damping: mean of the diagonal over live columns; 1 where there are none.
double mean_diagonal(const ConstDoubleMap& h, const std::vector<std::uint8_t>& dead) {
  const auto live = std::count(dead.begin(), dead.end(), 0);
  return live == 0 ? 1 : h.diagonal().sum() / static_cast<double>(live);
}

std::vector<std::int64_t> column_order(const ConstDoubleMap& h, ColumnOrder order) {
  std::vector<std::int64_t> columns(static_cast<std::size_t>(h.cols()));
  std::iota(columns.begin(), columns.end(), 0);
  if (order == ColumnOrder::kDescending) {
    std::stable_sort(columns.begin(), columns.end(),
                     [&](std::int64_t a, std::int64_t b) { return h(a, a) > h(b, b); });
  }
  return columns;
}

// The lower half of H with its columns from the one that is rounded last to the first: the lower
// Cholesky factor of this is R with both axes turned round.
void reversed_hessian(const ConstDoubleMap& h, const std::vector<std::int64_t>& order,
                      DoubleMap out) {
  const std::int64_t n = h.cols();
  for (std::int64_t c = 0; c < n; ++c) {
    const std::int64_t from = order[static_cast<std::size_t>(n - 1 - c)];
    for (std::int64_t r = c; r < n; ++r)
      out(r, c) = h(order[static_cast<std::size_t>(n - 1 - r)], from);
  }
}

// Adds the damping. A dead column takes part in nothing; any positive number will do for it.
void damp(double mean, double damping, DoubleMap out) {
  for (std::int64_t c = 0; c < out.cols(); ++c) {
    if (out(c, c) == 0) out(c, c) = mean;
    out(c, c) += damping * mean;
  }
}

// Turns the factor round and divides its columns by their diagonals.
void feedback_from_cholesky(DoubleMap factor) {
  factor.reverseInPlace();
  for (std::int64_t k = 0; k < factor.cols(); ++k) factor.col(k).head(k) /= factor(k, k);
}

bool factorize(DoubleMap matrix) {
  Eigen::Ref<Eigen::MatrixXd> in_place = matrix;
  return Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>>(in_place).info() == Eigen::Success;
}

}  // namespace

ErrorFeedback make_error_feedback(const std::string& name, const Hessian& hessian,
                                  ColumnOrder order, double damping) {
  if (!(damping > 0)) {
    throw std::invalid_argument("damping of " + std::to_string(damping) +
                                "; expected a number > 0");
  }
  const ConstDoubleMap h = square(hessian.values, hessian.size);
  if (!h.allFinite()) throw_not_positive_definite(name, "a value that is not finite");
  ErrorFeedback feedback{column_order(h, order), dead_columns(h),
                         std::vector<double>(hessian.values.size()), damping};
  const double mean = mean_diagonal(h, feedback.dead);
  const DoubleMap factor = square(feedback.factor, hessian.size);
  for (int raises = 0; raises <= kLargestRaises; ++raises, feedback.damping *= 10) {
    reversed_hessian(h, feedback.order, factor);
    damp(mean, feedback.damping, factor);
    if (!factorize(factor)) continue;
    feedback_from_cholesky(factor);
    return feedback;
  }
  throw_not_positive_definite(
      name, "none at a damping of " + std::to_string(feedback.damping / 10) + " of its diagonal");
}

}  // namespace trainer
