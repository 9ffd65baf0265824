// A linear layer in integers: 4-bit codes of activations times 4-bit codes of weights, summed up
// exactly and scaled once. It is the product of the fake-quantized matrices, without their
// rounding.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "roste/cpu/multiply.h"
#include "roste/roste.h"

int main() {
  using namespace roste;
  constexpr std::int64_t kTokens = 3, kInputs = 256, kOutputs = 40;
  std::vector<float> x(kTokens * kInputs), w(kOutputs * kInputs), bias(kOutputs, 0.5f);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(0.1f * static_cast<float>(i));
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = std::cos(0.7f * static_cast<float>(i % 331));
  const cpu::MatrixView<float> activations(x.data(), kTokens, kInputs);
  const cpu::MatrixView<float> weights(w.data(), kOutputs, kInputs);
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> a4;  // per token
  const Quantizer<QuantSpec<4, Symmetric, PerRow>> w4;   // per output

  const cpu::ProductWeights prepared(cpu::ToQuantize{w4, weights});  // once, when a model is loaded
  std::vector<float> y(kTokens * kOutputs);
  cpu::ProductWorkspace workspace;
  cpu::multiply(cpu::ToQuantize{a4, activations}, prepared, bias,
                cpu::MatrixView<float>(y.data(), kTokens, kOutputs), workspace);

  cpu::fake_quantize(a4, activations);
  cpu::fake_quantize(w4, weights);
  double largest = 0;
  for (std::int64_t t = 0; t < kTokens; ++t) {
    for (std::int64_t o = 0; o < kOutputs; ++o) {
      double sum = 0.5;
      for (std::int64_t i = 0; i < kInputs; ++i) {
        sum += static_cast<double>(activations.row(t)[i]) * weights.row(o)[i];
      }
      const float product = y[static_cast<std::size_t>(t * kOutputs + o)];
      largest = std::fmax(largest, std::fabs(product - sum));
    }
  }
  std::printf("%lld weights in %zu bytes\n", static_cast<long long>(kOutputs * kInputs),
              prepared.bytes());
  std::printf("largest distance from the product of the fake-quantized matrices below 1e-5: %s\n",
              largest < 1e-5 ? "yes" : "no");
  return largest < 1e-5 ? 0 : 1;
}
