// One massive channel ruins 4-bit activations; a random Walsh-Hadamard rotation spreads it out.
//
// Prints:
//   squared error without rotation: 28711
//   squared error with rotation:    1978
//   rotated back, the largest change of a value is below 1e-4: yes
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "roste/roste.h"

int main() {
  using namespace roste;
  constexpr std::int64_t kTokens = 64, kFeatures = 896;  // 896 = 28 * 32: no power of two
  std::vector<float> x(kTokens * kFeatures);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = std::sin(0.7f * static_cast<float>(i % 1009));
    if (i % kFeatures == 300) x[i] += 80.0f;  // the outlier channel
  }
  const std::vector<float> original = x;
  const cpu::MatrixView<float> view(x.data(), kTokens, kFeatures);
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> a4;
  const Rotation rotation = Rotation::hadamard(kFeatures, /*seed=*/1);

  const double before = cpu::measure(a4, view).squared_error;
  cpu::rotate_rows(rotation, view);
  const double after = cpu::measure(a4, view).squared_error;
  cpu::rotate_rows_transposed(rotation, view);

  float largest_change = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    largest_change = std::max(largest_change, std::fabs(x[i] - original[i]));
  }
  std::printf("squared error without rotation: %.0f\n", before);
  std::printf("squared error with rotation:    %.0f\n", after);
  std::printf("rotated back, the largest change of a value is below 1e-4: %s\n",
              largest_change < 1e-4f ? "yes" : "no");
  return after < before / 4 && largest_change < 1e-4f ? 0 : 1;
}
