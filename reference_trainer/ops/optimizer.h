// AdamW (Loshchilov and Hutter 2019) and the global norm used to clip gradients.
#pragma once

#include "reference_trainer/backend/backend.h"

namespace trainer {

struct AdamWStep {
  double learning_rate;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;    // decoupled: w -= learning_rate * weight_decay * w
  std::int64_t step = 1;      // counts from 1, for the bias correction
  double gradient_scale = 1;  // multiplies the gradient first (clipping)
};

template <Backend B>
struct AdamWState {
  Tensor<B>& m;  // first moment, shape of the parameter
  Tensor<B>& v;  // second moment
};

// One update of parameter w from gradient g, in the order of operations of torch.optim.AdamW.
void adamw_update(Cpu& cpu, const AdamWStep& settings, const Tensor<Cpu>& g,
                  const AdamWState<Cpu>& state, Tensor<Cpu>& w);

// Sum of squares in double precision, over fixed chunks added in order.
double sum_of_squares(Cpu& cpu, const Tensor<Cpu>& x);

}  // namespace trainer
