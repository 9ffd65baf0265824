// The weights as functions of R1 and R2 and the chain rule back, against finite differences.
#include "reference_trainer/baselines/spinquant_weights.h"

#include <gtest/gtest.h>

#include "reference_trainer/baselines/spinquant.h"
#include "tests/baselines/spinquant_models.h"

namespace trainer {
namespace {

constexpr std::uint64_t kSeed = 9;

// With biases everywhere, grouped queries and a head of its own.
struct Fixture {
  Cpu cpu{1};
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 1);
  DenseRotations rotations = random_rotations(network.plan.shape, kSeed);
  Fixture() { fold_norms(cpu, network); }
  const ModelShape& shape() const { return network.plan.shape; }
};

DenseRotation moved(const DenseRotation& r, double h, std::uint64_t direction) {
  std::vector<double> values(r.values().begin(), r.values().end());
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] += h * static_cast<double>(test::uniform(direction, i));
  return {r.size(), values};
}

double slope_along(const std::vector<double>& gradient, std::uint64_t direction) {
  double sum = 0;
  for (std::size_t i = 0; i < gradient.size(); ++i)
    sum += gradient[i] * static_cast<double>(test::uniform(direction, i));
  return sum;
}

// R1 is matrix 0, then R2 of every layer.
DenseRotation& matrix(DenseRotations& r, std::size_t k) { return k == 0 ? r.r1 : r.r2[k - 1]; }
const std::vector<double>& matrix(const RotationGradients& g, std::size_t k) {
  return k == 0 ? g.r1 : g.r2[k - 1];
}

// (f(R + h E) - f(R - h E)) / 2h for matrix k.
template <class F>
double finite_difference(const DenseRotations& at, std::size_t k, double h, F&& f) {
  DenseRotations up = at, down = at;
  matrix(up, k) = moved(matrix(up, k), h, 70 + k);
  matrix(down, k) = moved(matrix(down, k), -h, 70 + k);
  return (f(up) - f(down)) / (2 * h);
}

// In float32, against the merge in double: sums of 24 and of 8 products.
TEST(WeightRotator, WritesWhatTheMergeInDoubleWrites) {
  Fixture f;
  Parameters<Cpu> rotated = allocate_parameters(f.cpu, f.shape());
  copy_parameters(f.cpu, f.network.parameters, rotated);
  WeightRotator<Cpu> rotator(f.cpu, f.shape(), f.network.parameters);
  rotator.rotate(f.rotations, rotated);
  merge_rotations(f.cpu, f.rotations, f.network.parameters);
  const auto got = get_parameters(f.cpu, rotated),
             expected = get_parameters(f.cpu, f.network.parameters);
  for (std::size_t t = 0; t < got.size(); ++t)
    EXPECT_LT(test::relative_difference(got[t], expected[t]), 32 * 0x1p-24)
        << tensor_list(rotated)[t].name;
}

// The sum of c W' over all weights is linear in R2 and quadratic in R1, so central differences are
// exact; what remains is float32 rounding of sums of some thousand terms of size 1.
TEST(WeightRotator, PullsBackALinearFunctionalOfTheWeights) {
  Fixture f;
  Parameters<Cpu> rotated = allocate_parameters(f.cpu, f.shape());
  copy_parameters(f.cpu, f.network.parameters, rotated);
  Network<Cpu> coefficients = test::tiny_network(f.cpu, f.shape(), 6);
  WeightRotator<Cpu> rotator(f.cpu, f.shape(), f.network.parameters);
  const auto functional = [&](const DenseRotations& r) {
    rotator.rotate(r, rotated);
    const auto w = get_parameters(f.cpu, rotated),
               c = get_parameters(f.cpu, coefficients.parameters);
    double sum = 0;
    for (std::size_t t = 0; t < w.size(); ++t) {
      for (std::size_t i = 0; i < w[t].size(); ++i)
        sum += static_cast<double>(w[t][i]) * static_cast<double>(c[t][i]);
    }
    return sum;
  };
  const RotationGradients g = rotator.pull_back(f.rotations, coefficients.parameters);
  ASSERT_EQ(g.r2.size(), 2u);
  for (std::size_t k = 0; k < 3; ++k) {
    const double expected = finite_difference(f.rotations, k, 0.5, functional);
    EXPECT_GT(std::abs(expected), 0.1);
    EXPECT_NEAR(slope_along(matrix(g, k), 70 + k), expected, 1e-4) << k;
  }
}

TokenBatch batch_of(const std::vector<SftSample>& samples) {
  std::vector<const SftSample*> rows;
  for (const SftSample& s : samples) rows.push_back(&s);
  return make_batch(rows);
}

// The whole way through the network, R3 and R4 online, along directions that leave the manifold:
// there the loss does change although nothing is quantized. Truncation h^2 f''' / 6 and rounding
// 1e-6 / h balance at h = 1e-2 near 1e-4.
TEST(RotatedNetwork, LossGradientsAreFiniteDifferences) {
  Fixture f;
  RotatedNetwork<Cpu> network(f.cpu, {}, RotationChoice::shared(RotationMask(12), f.shape(), kSeed),
                              f.network);
  const TokenBatch batch = batch_of(test::tiny_samples(f.shape(), 6, 5));
  RotationGradients g;
  const auto loss = [&](const DenseRotations& r) {
    RotationGradients unused;
    network.rotate(r);
    return network.loss_and_gradients(r, batch, unused);
  };
  network.rotate(f.rotations);
  network.loss_and_gradients(f.rotations, batch, g);
  for (std::size_t k = 0; k < 3; ++k) {
    const double expected = finite_difference(f.rotations, k, 1e-2, loss);
    EXPECT_GT(std::abs(expected), 0.01) << k;
    EXPECT_NEAR(slope_along(matrix(g, k), 70 + k), expected, 1e-2 * std::abs(expected)) << k;
  }
}

// Without quantizers no rotation changes the loss: the tangent part of the gradient, the skew part
// of R^T G, vanishes. A weight or bias that was forgotten leaves its share.
TEST(RotatedNetwork, LossIsFlatAlongTheManifoldWithoutQuantizers) {
  Fixture f;
  RotatedNetwork<Cpu> network(f.cpu, {}, RotationChoice::shared(RotationMask(), f.shape(), kSeed),
                              f.network);
  RotationGradients g;
  network.rotate(f.rotations);
  network.loss_and_gradients(f.rotations, batch_of(test::tiny_samples(f.shape(), 6, 5)), g);
  for (std::size_t k = 0; k < 3; ++k) {
    const DenseRotation& r = matrix(f.rotations, k);
    const auto d = static_cast<std::size_t>(r.size());
    double skew = 0, size = 0;
    for (std::size_t i = 0; i < d; ++i) {
      for (std::size_t j = 0; j < d; ++j) {
        double ij = 0, ji = 0;
        for (std::size_t c = 0; c < d; ++c) {
          ij += r.values()[c * d + i] * matrix(g, k)[c * d + j];
          ji += r.values()[c * d + j] * matrix(g, k)[c * d + i];
        }
        skew = std::max(skew, std::abs(ij - ji));
        size = std::max(size, std::abs(ij));
      }
    }
    EXPECT_LT(skew, 1e-4 * size) << k;
  }
}

}  // namespace
}  // namespace trainer
