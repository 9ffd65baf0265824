// Gradients by central differences of a double-precision twin.
#pragma once

#include "tests/ops/tensors.h"

namespace trainer::test {

// d loss / d x. The step balances truncation, step^2 / 6 times the third derivative, against
// cancellation, 2^-53 |loss| / step: both below 1e-9 for losses and derivatives of order 1 to 10.
template <class Loss>
Values numeric_gradient(Values x, const Loss& loss, double step = 1e-5) {
  Values gradient(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double saved = x[i];
    x[i] = saved + step;
    const double above = loss(x);
    x[i] = saved - step;
    gradient[i] = (above - loss(x)) / (2 * step);
    x[i] = saved;
  }
  return gradient;
}

}  // namespace trainer::test
