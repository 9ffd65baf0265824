// How the rounding error of one column of a weight is made up for in the columns after it: the
// factor of the Hessian that GPTQ's updates need.
//
// GPTQ (Frantar et al. 2022, Algorithm 1) updates the columns that are left with rows of the upper
// Cholesky factor of H^-1. With H = R R^T, R upper triangular, that factor is R^-1, and the updates
// add up to
//
//   v_k = w_k + sum over i < k of (w_i - q_i) R_ik / R_kk,   q_k = Q(v_k)
//
// (Chee et al. 2023, "QuIP", Theorem 6: GPTQ is LDLQ). So one Cholesky factorization does, nothing
// is inverted, and the error of w_i is taken from the original weight.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference_trainer/baselines/hessian.h"

namespace trainer {

enum class ColumnOrder {
  kNatural,     // from the first column to the last, as QuaRot and SpinQuant do
  kDescending,  // of the Hessian's diagonal, "act-order"; equal ones in natural order
};

// k and i count columns in the order in which they are rounded.
struct ErrorFeedback {
  std::vector<std::int64_t> order;  // [in] the column that is rounded k-th
  std::vector<std::uint8_t> dead;   // [in] by column: 1 where no input was ever other than zero
  std::vector<double> factor;       // [in, in] by columns; R_ik / R_kk above the diagonal
  double damping = 0;               // share of the mean diagonal that was added in the end
};

// Factors H + damping * mean(diag H) I. The mean is over columns that are not dead. Where this is
// not positive definite in double, damping is raised tenfold, at most three times; then throws
// Error QN-30, as for a Hessian with values that are not finite. `name` is that of the layer, for
// the message. damping > 0 or std::invalid_argument.
ErrorFeedback make_error_feedback(const std::string& name, const Hessian& hessian,
                                  ColumnOrder order, double damping);

}  // namespace trainer
