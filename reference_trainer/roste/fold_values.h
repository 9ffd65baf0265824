// The arithmetic of folding (App. D) on doubles: what fold_norms.h does to the tensors of a
// network, and stream/ to those of a file. A gain g and a shift b of a norm are absorbed by w x of
// its readers as w (g o x + b) = (w Diag(g)) x + w b.
#pragma once

#include <cstdint>
#include <span>

#include "roste/cpu/matrix_view.h"

namespace trainer {

using DoubleMatrix = roste::cpu::MatrixView<double>;

// w[o, c] *= gain[c].
void absorb_gain(std::span<const double> gain, DoubleMatrix w);

// bias[o] += sum over c of w[o, c] shift[c].
void absorb_shift(std::span<const double> shift, DoubleMatrix w, std::span<double> bias);

// Every row minus its mean.
void centre_rows(DoubleMatrix x);

// Every column minus its mean; equal for any division of the columns among callers.
void centre_columns(DoubleMatrix w);

}  // namespace trainer
