// Theorem 4.3 on finite data, where its constants are exact and expectations can be enumerated.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "examples/least_squares/bounds.h"
#include "examples/least_squares/theorem_run.h"
#include "tests/theory/problems.h"

namespace least_squares {
namespace {

constexpr int kDim = 8, kSamples = 4, kSeeds = 32;

Turn turn_of(RotationKind kind, std::uint64_t seed) {
  return kind == RotationKind::kNone ? Turn::identity() : Turn::hadamard(kDim, seed);
}

Settings settings_of(int steps, int paths) {
  Settings settings;
  settings.steps = steps;
  settings.paths = paths;
  return settings;
}

TheoremRun run(RotationKind kind, std::uint64_t seed, test::Bits bits, const Settings& settings) {
  const DataSet data = test::small_data(kDim, kSamples, seed);
  return run_theorem(test::small_problem(data, turn_of(kind, seed), bits), data.pretrained,
                     settings);
}

// All 4^5 sequences of samples are followed: no statistics. At 12 bits the bound is nearly reached,
// so a wrong gradient breaks it; at 4 bits it would not.
TEST(Theorem43, P24_HoldsForExactExpectations) {
  double largest = 0;
  for (const RotationKind kind : {RotationKind::kNone, RotationKind::kHadamard}) {
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const TheoremRun one = run(kind, seed, {.w = 12}, settings_of(5, 1024));
      ASSERT_TRUE(one.applies) << seed;
      ASSERT_EQ(one.trajectory.exact_steps, 5);
      for (std::size_t t = 0; t < one.bound.size(); ++t) {
        EXPECT_LE(one.trajectory.loss[t + 1].mean, one.bound[t].mean)
            << name_of(kind) << " seed " << seed << " t " << t;
        EXPECT_LE(one.trajectory.loss[t + 1].mean, one.proof[t]) << "eq. (42), seed " << seed;
      }
      largest = std::max(largest, one.largest_ratio());
    }
  }
  EXPECT_GT(largest, 0.95) << "the bound is too loose here for this test to notice mistakes";
}

TEST(Theorem43, P24_HoldsAtEveryWidthUpToThreeStandardErrors) {
  for (const int w_bits : {2, 4, 8, 12, 16, kFullPrecision}) {
    for (const RotationKind kind : {RotationKind::kNone, RotationKind::kHadamard}) {
      for (std::uint64_t seed = 0; seed < 4; ++seed) {
        const TheoremRun one = run(kind, seed, {.w = w_bits}, settings_of(200, 64));
        EXPECT_TRUE(one.applies && one.holds()) << w_bits << name_of(kind) << seed;
      }
    }
  }
}

// The proof's one step, eq. (40), from weights in the middle of a descent, exactly.
TEST(Theorem43, P24_EveryStepOfADescentContracts) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const DataSet data = test::small_data(kDim, kSamples, seed);
    const auto problem = test::small_problem(data, Turn::hadamard(kDim, seed), {.w = 10});
    const Constants constants = constants_of(problem);
    const double eta = theorem_step_size(constants.lambda_min, constants.rho);
    const double mu = contraction(constants.lambda_min, constants.rho);
    Vector w = data.pretrained;
    for (int t = 0; t < 40; ++t) {
      const Trajectory all = descend(problem, w, {eta, 1, kSamples, seed});
      const double bound = (1 - mu) * all.loss[0].mean +
                           (3 + 1 / mu) * (all.weight_error[0].mean + all.weight_error[1].mean);
      EXPECT_LE(all.loss[1].mean, bound) << seed << " " << t;
      w = all.weights.row(t % kSamples);
    }
  }
}

TEST(Theorem43, DoesNotApplyBeyondItsAssumptions) {
  Settings settings = settings_of(3, 4);
  settings.step_scale = 2;
  EXPECT_FALSE(run(RotationKind::kNone, 1, {}, settings).applies);
  DataSet data = test::small_data(kDim, kSamples, 1);
  data.x.row(1) = data.x.row(0);
  data.y(1) = data.y(0) + 1;  // no model says two things about one sample
  const auto problem = test::small_problem(data, Turn::identity(), {});
  EXPECT_FALSE(run_theorem(problem, data.pretrained, settings_of(3, 4)).applies);
}

// A quantizer that is no grid at all: the theorem asks nothing of Q_w.
TEST(Theorem43, HoldsForAnyQuantizerOfWeights) {
  const DataSet data = test::small_data(kDim, kSamples, 5);
  const Quantizer signs = [](std::span<double> v) {
    for (double& x : v) x = x < 0 ? -0.25 : 0.25;
  };
  const auto problem = make_problem(data, Turn::hadamard(kDim, 3), signs, signs);
  const TheoremRun one = run_theorem(problem, data.pretrained, settings_of(5, 1024));
  EXPECT_GT(one.trajectory.weight_error[0].mean, 0);
  EXPECT_EQ(one.applies, one.constants.rank == kSamples);
  EXPECT_TRUE(one.holds());
}

}  // namespace
}  // namespace least_squares
