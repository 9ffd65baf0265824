// The clipping factor c of every group that loses least, by trying a grid of them.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>

#include "roste/core/quantizer.h"
#include "roste/cpu/measure.h"

namespace roste::cpu {

// The factors that search_clip tries unless told: 1 down to 0.4 in steps of 0.05.
inline constexpr std::array<float, 13> kClipFactors = {
    1.0f, 0.95f, 0.9f, 0.85f, 0.8f, 0.75f, 0.7f, 0.65f, 0.6f, 0.55f, 0.5f, 0.45f, 0.4f};

// What search_clip looks for and where it writes its choice.
struct ClipSearch {
  std::span<const float> factors = kClipFactors;  // in (0, 1]; tried in this order
  std::span<float> chosen = {};                   // the factor of every group, or empty
};

namespace detail {

inline void check_factors(std::span<const float> factors) {
  if (factors.empty()) throw std::invalid_argument("roste: no clipping factors to choose from");
  for (const float c : factors) {
    if (c > 0.0f && c <= 1.0f) continue;
    throw std::invalid_argument("roste: clipping factor " + std::to_string(c) +
                                "; expected a number in (0, 1]");
  }
}

// The squared error of group g under params, one term of eq. (12).
template <ReadNumber T>
double squared_error(const Job& job, std::int64_t g, MatrixView<T> x, GroupParams params) {
  ErrorSums sums;
  add_group_errors(job, g, x, params, sums);
  return sums.squared_error;
}

// The best of factors for group g, and its params.
struct ClipChoice {
  float factor = 1.0f;
  GroupParams params;
};

template <ReadNumber T>
ClipChoice choose_clip(const Job& job, std::int64_t g, MatrixView<T> x,
                       std::span<const float> factors) {
  const Scan scan = scan_group(job, g, x);
  Grid grid = job.grid;
  ClipChoice best;
  double least = std::numeric_limits<double>::infinity();
  for (const float factor : factors) {
    grid.clip = factor;
    const GroupParams params = fit_range(grid, scan.min, scan.max);
    const double error = squared_error(job, g, x, params);
    if (error < least || (error == least && factor > best.factor)) {
      best = {factor, params};
      least = error;
    }
  }
  return best;
}

}  // namespace detail

// params of every group of x [rows, cols] under the clipping factor of search.factors that makes
// the squared error of that group least, eq. (12); of equal errors the larger factor wins. The
// scheme's own factor is not used. params: one per group. Throws NonFiniteError, and
// std::invalid_argument for shapes that do not fit and for factors outside of (0, 1].
template <ReadNumber T>
void search_clip(const Scheme& scheme, MatrixView<T> x, std::span<GroupParams> params,
                 const ClipSearch& search = {}, Isa isa = best_isa()) {
  const detail::Job job(scheme, x.rows, x.cols, isa);
  detail::check_params(job.layout, params.size());
  if (!search.chosen.empty()) detail::check_params(job.layout, search.chosen.size());
  detail::check_factors(search.factors);
  for (std::int64_t g = 0; g < job.layout.count; ++g) {
    const detail::ClipChoice best = detail::choose_clip(job, g, x, search.factors);
    params[static_cast<std::size_t>(g)] = best.params;
    if (!search.chosen.empty()) search.chosen[static_cast<std::size_t>(g)] = best.factor;
  }
}

}  // namespace roste::cpu
