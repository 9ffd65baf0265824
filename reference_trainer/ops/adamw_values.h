// The arithmetic of one AdamW step on a run of values. Private to the *_cpu.cpp files.
#pragma once

#include <cmath>
#include <stdexcept>
#include <string>

#include "reference_trainer/ops/optimizer.h"

namespace trainer {

// The scalars of one step: computed in double, rounded once, as torch.optim.AdamW does.
struct AdamWFactors {
  float decay;     // 1 - learning_rate * weight_decay
  float m_weight;  // 1 - beta1
  float beta2;
  float v_weight;    // 1 - beta2
  float sqrt_bias2;  // sqrt(1 - beta2^step)
  float epsilon;
  float step_size;  // learning_rate / (1 - beta1^step)
  float gradient_scale;
};

// Throws std::invalid_argument unless s.step >= 1.
inline AdamWFactors factors_of(const AdamWStep& s) {
  if (s.step < 1) {
    throw std::invalid_argument("adamw_update: got step " + std::to_string(s.step) +
                                ", expected 1 or more");
  }
  const double lr = s.learning_rate, beta1 = s.beta1, beta2 = s.beta2;
  const auto step = static_cast<double>(s.step);
  return {.decay = static_cast<float>(1.0 - lr * s.weight_decay),
          .m_weight = static_cast<float>(1.0 - beta1),
          .beta2 = static_cast<float>(beta2),
          .v_weight = static_cast<float>(1.0 - beta2),
          .sqrt_bias2 = static_cast<float>(std::sqrt(1.0 - std::pow(beta2, step))),
          .epsilon = static_cast<float>(s.epsilon),
          .step_size = static_cast<float>(lr / (1.0 - std::pow(beta1, step))),
          .gradient_scale = static_cast<float>(s.gradient_scale)};
}

struct AdamWValues {
  const float* __restrict g;
  float* __restrict m;
  float* __restrict v;
  float* __restrict w;
};

inline void update_range(const AdamWFactors& f, const AdamWValues& at, std::int64_t begin,
                         std::int64_t end) {
  for (std::int64_t i = begin; i < end; ++i) {
    const float g = at.g[i] * f.gradient_scale;
    const float m = at.m[i] + f.m_weight * (g - at.m[i]);
    const float v = at.v[i] * f.beta2 + f.v_weight * g * g;
    const float denominator = std::sqrt(v) / f.sqrt_bias2 + f.epsilon;
    at.w[i] = at.w[i] * f.decay - f.step_size * m / denominator;
    at.m[i] = m;
    at.v[i] = v;
  }
}

}  // namespace trainer
