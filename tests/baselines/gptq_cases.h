// Weights and correlated inputs for tests of GPTQ on single layers.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "reference_trainer/baselines/gptq_weight.h"
#include "roste/core/signs.h"
#include "tests/support/random_values.h"

namespace trainer::test {

using WeightView = roste::cpu::MatrixView<const float>;

// 2/n sum x x^T in double, the plain way. x [n, in].
inline Hessian naive_hessian(const std::vector<float>& x, std::int64_t in) {
  const auto n = static_cast<std::size_t>(in);
  Hessian h{in, std::vector<double>(n * n)};
  for (std::size_t t = 0; t + n <= x.size(); t += n) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j)
        h.values[i * n + j] += static_cast<double>(x[t + i]) * static_cast<double>(x[t + j]);
    }
  }
  for (double& value : h.values) value *= 2.0 / static_cast<double>(x.size() / n);
  return h;
}

// tr((W - Q) H (W - Q)^T) in double, the plain way.
inline double naive_error(const std::vector<float>& w, const std::vector<float>& q,
                          const Hessian& h) {
  const auto n = static_cast<std::size_t>(h.size);
  double sum = 0;
  for (std::size_t row = 0; row < w.size(); row += n) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        const double di = static_cast<double>(w[row + i]) - static_cast<double>(q[row + i]);
        const double dj = static_cast<double>(w[row + j]) - static_cast<double>(q[row + j]);
        sum += di * h.values[i * n + j] * dj;
      }
    }
  }
  return sum;
}

// A weight [out, in] and the Hessian of inputs whose neighbouring channels are correlated.
struct Layer {
  std::int64_t out, in;
  std::vector<float> weight, inputs;
  Hessian hessian;

  Layer(std::int64_t outputs, std::int64_t channels, std::uint64_t seed)
      : out(outputs), in(channels) {
    const auto n = static_cast<std::size_t>(in);
    weight = roste::testing::gaussian(seed, static_cast<std::size_t>(out) * n);
    inputs = roste::testing::gaussian(seed + 1, 3 * n * n);
    for (std::size_t i = 1; i < inputs.size(); ++i) {
      if (i % n != 0) inputs[i] += 0.8f * inputs[i - 1];
    }
    hessian = naive_hessian(inputs, in);
  }
  WeightView view() const { return {weight.data(), out, in}; }
};

inline GptqWeight quantize(const Layer& layer, const GptqSettings& settings,
                           const QuantizerSettings& quantizer, int threads = 1) {
  ThreadPool pool(threads);
  const ErrorFeedback feedback =
      make_error_feedback("layer", layer.hessian, settings.column_order, settings.damping);
  return gptq_weight(pool, settings, quantizer, feedback, layer.view());
}

// Rounded to nearest by the library.
inline std::vector<float> rounded(const Layer& layer, const QuantizerSettings& quantizer,
                                  WeightClip clip = WeightClip::kNone) {
  ThreadPool pool(1);
  std::vector<float> result(layer.weight.size());
  round_weight(quantizer, fit_weight(pool, quantizer, clip, layer.view()), layer.view(),
               {result.data(), layer.out, layer.in});
  return result;
}

}  // namespace trainer::test
