// Dense R1 and R2 in the weights: what is written, and that the model stays the same function.
#include "reference_trainer/roste/merge_dense_rotations.h"

#include <gtest/gtest.h>

#include "reference_trainer/model/batch_input.h"
#include "reference_trainer/model/transformer.h"
#include "reference_trainer/roste/merge_rotations.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

constexpr std::uint64_t kSeed = 9;

// Tiny, with biases everywhere and a folded, untied head.
struct Fixture {
  Cpu cpu{1};
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 1);
  Fixture() {
    fold_norms(cpu, network);
    update_effective_weights(cpu, network);
  }
  const ModelShape& shape() const { return network.plan.shape; }
};

std::vector<float> logits(Cpu& cpu, const Network<Cpu>& network) {
  const auto samples = test::tiny_samples(network.plan.shape, 3, 5);
  const std::vector<const SftSample*> rows{&samples[0], &samples[1], &samples[2]};
  ModelInput<Cpu> input;
  load_batch(cpu, make_batch(rows), input);
  Activations<Cpu> acts(network.plan.shape, Keep::kOneLayer);
  transformer_forward(cpu, network, input, acts);
  Tensor<Cpu> out;
  matmul_nt(cpu, acts.final_hidden, network.parameters.lm_head().weight, out);
  return test::values(out);
}

// 1e-4: the bound the project promises in float32; a wrong side of any rotation gives O(1).
TEST(MergeDenseRotations, RandomOrthogonalOnesLeaveTheLogitsAlone) {
  Fixture f;
  const std::vector<float> before = logits(f.cpu, f.network);
  const HostParameters folded = get_parameters(f.cpu, f.network.parameters);
  for (const unsigned online : {0u, 12u}) {
    set_parameters(f.cpu, folded, f.network.parameters);
    merge_rotations(f.cpu, random_rotations(f.shape(), kSeed), f.network.parameters);
    apply_plan(f.cpu, {}, RotationChoice::shared(RotationMask(online), f.shape(), kSeed),
               f.network);
    EXPECT_NE(get_parameters(f.cpu, f.network.parameters), folded);
    EXPECT_LT(test::relative_difference(logits(f.cpu, f.network), before), 1e-4) << online;
  }
}

// Each is the exact product in double rounded once, so they differ by one unit in the last place
// where the sums, which differ by 24 * 2^-53 of their terms, fall on two sides of a tie.
TEST(MergeDenseRotations, R1AsADenseMatrixIsTheHadamardMerge) {
  Fixture dense, hadamard;
  const auto h = make_rotation_matrices(dense.shape(), kSeed);
  merge_r1(dense.cpu, DenseRotation::hadamard(h.r1), dense.network.parameters);
  merge_r1(hadamard.cpu, h.r1, hadamard.network.parameters);
  const auto a = get_parameters(dense.cpu, dense.network.parameters),
             b = get_parameters(hadamard.cpu, hadamard.network.parameters);
  std::size_t equal = 0, all = 0;
  for (std::size_t t = 0; t < a.size(); ++t) {
    for (std::size_t i = 0; i < a[t].size(); ++i) {
      EXPECT_NEAR(a[t][i], b[t][i], 0x1p-22 * std::abs(b[t][i]) + 0x1p-44);
      equal += a[t][i] == b[t][i];
      ++all;
    }
  }
  EXPECT_GT(equal, all - all / 1000);
}

// The forward pass rotates v and o by a Hadamard R2 in float32; merged in double it is the same to
// float32 rounding: 4 stages and a product, each of half a unit of values up to the largest.
TEST(MergeDenseRotations, R2AsADenseMatrixIsWhatTheForwardPassAppliesOnline) {
  Fixture dense, online;
  const DenseRotations rotations = hadamard_rotations(dense.shape(), kSeed);
  merge_rotations(dense.cpu, rotations, dense.network.parameters);
  update_effective_weights(dense.cpu, dense.network);
  merge_r1(online.cpu, make_rotation_matrices(dense.shape(), kSeed).r1, online.network.parameters);
  online.network.plan =
      make_plan(online.shape(), {}, RotationChoice::shared(RotationMask(2), online.shape(), kSeed));
  update_effective_weights(online.cpu, online.network);
  for (std::size_t i = 0; i < 2; ++i) {
    for (const Linear l : kLinears) {
      EXPECT_LT(test::relative_difference(test::values(dense.network.weight(i, l)),
                                          test::values(online.network.weight(i, l))),
                8 * 0x1p-24)
          << i << linear_name(l);
      EXPECT_LT(test::relative_difference(test::values(dense.network.bias(i, l)),
                                          test::values(online.network.bias(i, l))),
                8 * 0x1p-24)
          << i << linear_name(l);
    }
  }
}

// v is rotated on both sides: out^T W in with one rounding to float, half a unit in the last place.
TEST(MergeDenseRotations, AWeightRotatedOnBothSidesIsRoundedOnce) {
  Fixture f;
  const auto before = test::values(f.network.parameters.layers[1].weight[Linear::kV]);
  const DenseRotations r = random_rotations(f.shape(), kSeed);
  merge_rotations(f.cpu, r, f.network.parameters);
  const auto after = test::values(f.network.parameters.layers[1].weight[Linear::kV]);
  const std::size_t d = 24, h = 8;
  const auto in = r.r1.values(), out = r.r2[1].values();
  for (std::size_t row = 0; row < 16; ++row) {
    for (std::size_t col = 0; col < d; ++col) {
      double exact = 0;
      for (std::size_t i = 0; i < h; ++i) {
        for (std::size_t j = 0; j < d; ++j) {
          exact += out[i * h + row % h] * static_cast<double>(before[(row - row % h + i) * d + j]) *
                   in[j * d + col];
        }
      }
      // 192 terms of at most 0.4 with an error of 2^-53 each, where they cancel.
      const double bound = 0.501 * std::ldexp(1, std::ilogb(exact) - 23) + 1e-14;
      EXPECT_LE(std::abs(static_cast<double>(after[row * d + col]) - exact), bound);
    }
  }
}

}  // namespace
}  // namespace trainer
