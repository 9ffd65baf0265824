#include "reference_trainer/ops/optimizer.h"

#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "reference_trainer/ops/cpu_chunks.h"

namespace trainer {
namespace {

// The scalars of one step: computed in double, rounded once, as torch.optim.AdamW does.
struct Factors {
  float decay;     // 1 - learning_rate * weight_decay
  float m_weight;  // 1 - beta1
  float beta2;
  float v_weight;    // 1 - beta2
  float sqrt_bias2;  // sqrt(1 - beta2^step)
  float epsilon;
  float step_size;  // learning_rate / (1 - beta1^step)
  float gradient_scale;
};

Factors factors_of(const AdamWStep& s) {
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

struct Values {
  const float* __restrict g;
  float* __restrict m;
  float* __restrict v;
  float* __restrict w;
};

void update_range(const Factors& f, const Values& at, std::int64_t begin, std::int64_t end) {
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

// Sixteen running sums in a fixed pattern: the compiler keeps them in vector registers.
double sum_of_squares_of_range(const float* x, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kLanes = 16;
  std::array<double, kLanes> sums{};
  std::int64_t i = begin;
  for (; i + kLanes <= end; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const double value = x[i + lane];
      sums[lane] += value * value;
    }
  }
  for (; i < end; ++i) sums[i % kLanes] += static_cast<double>(x[i]) * x[i];
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

}  // namespace

void adamw_update(Cpu& cpu, const AdamWStep& settings, const Tensor<Cpu>& g,
                  const AdamWState<Cpu>& state, Tensor<Cpu>& w) {
  require_same_shape("adamw_update: shape of g against w", g, w);
  require_same_shape("adamw_update: shape of m against w", state.m, w);
  require_same_shape("adamw_update: shape of v against w", state.v, w);
  if (settings.step < 1) {
    throw std::invalid_argument("adamw_update: got step " + std::to_string(settings.step) +
                                ", expected 1 or more");
  }
  const Factors factors = factors_of(settings);
  const Values values{g.data(), state.m.data(), state.v.data(), w.data()};
  for_chunks(cpu, w.size(), kValuesPerChunk, [&](std::int64_t begin, std::int64_t end) {
    update_range(factors, values, begin, end);
  });
}

double sum_of_squares(Cpu& cpu, const Tensor<Cpu>& x) {
  std::vector<double> partial((x.size() + kValuesPerChunk - 1) / kValuesPerChunk);
  for_chunks(cpu, x.size(), kValuesPerChunk, [&](std::int64_t begin, std::int64_t end) {
    partial[begin / kValuesPerChunk] = sum_of_squares_of_range(x.data(), begin, end);
  });
  return std::accumulate(partial.begin(), partial.end(), 0.0);
}

}  // namespace trainer
