// Proposition 4.4: rotations remove outliers.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "roste/roste.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::MatrixView;
using W4 = Quantizer<QuantSpec<4, Symmetric, PerRow>>;

// ||Q(R w) - R w||^2 / ||w||^2 times 2 q^2: eq. (21) says at most log(4 d / delta).
double normalised_error(const Rotation& rotation, std::vector<float> w) {
  const MatrixView<float> view(w.data(), 1, rotation.size());
  cpu::rotate_rows(rotation, view);
  return cpu::measure(W4(), view).relative_error() * 2 * 49;
}

TEST(Proposition44, P23_Equation21AndItsWitness) {
  const std::int64_t d = 1024;
  // A row that unsigned mixing turns into one outlier and halves of its grid's step.
  std::vector<float> witness(static_cast<std::size_t>(d));
  for (std::size_t i = 0; i < witness.size(); ++i) {
    witness[i] = i == 0 ? 1.0f : static_cast<float>(random_sign(5, i)) * 0.4999f / 7;
  }
  const Rotation plain = Rotation::hadamard(d, 0, Signs::kNone);
  cpu::rotate_rows_transposed(plain, MatrixView<float>(witness));
  const double bound = std::log(4.0 * static_cast<double>(d) / 0.05);  // delta = 0.05
  EXPECT_GT(normalised_error(plain, witness), bound) << "the witness has lost its power";
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    EXPECT_LT(normalised_error(Rotation::hadamard(d, seed), witness), bound) << seed;
  }
}

TEST(Proposition44, P22_LargestCoordinateAfterRotation) {
  const std::int64_t d = 16;
  const double delta = 0.5;
  const double limit = std::sqrt(2 * std::log(2.0 * static_cast<double>(d) / delta));
  int beyond = 0;
  const int trials = 4000;
  for (int seed = 0; seed < trials; ++seed) {
    std::vector<float> x(16, 1.0f);  // ||x|| = 4 = sqrt(d): the limit needs no further factor
    cpu::rotate_rows(Rotation::hadamard(d, static_cast<std::uint64_t>(seed)), MatrixView<float>(x));
    bool large = false;
    for (const float v : x) large = large || std::fabs(v) > limit;
    beyond += large ? 1 : 0;
  }
  EXPECT_LE(beyond, delta * trials);
  EXPECT_GE(beyond,
            0.03 * trials);  // exact share by counting: about 0.07; signs too regular give 0
}

}  // namespace
}  // namespace roste
