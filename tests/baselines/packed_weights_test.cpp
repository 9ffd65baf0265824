// GPTQ and the search of clipping factors tell which codes they chose: those of the values that
// they store.
#include <gtest/gtest.h>

#include "reference_trainer/baselines/gptq.h"
#include "reference_trainer/roste/fold_norms.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

void expect_codes_of_values(const Network<Cpu>& network) {
  ASSERT_EQ(network.packed.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    for (const Linear l : linears_of(network.plan.shape)) {
      const PackedWeight& packed = network.packed[i][l];
      std::vector<float> values(static_cast<std::size_t>(packed.rows * packed.cols));
      unpack_values(packed, {values.data(), packed.rows, packed.cols});
      EXPECT_EQ(values, test::values(network.weight(i, l))) << i << " " << linear_name(l);
    }
  }
}

TEST(PackedWeights, AreThoseOfGptqAndOfClipping) {
  for (const ModelShape& shape : {test::tiny_shape(), test::tiny_neox_shape()}) {
    for (const Symmetry symmetry : {Symmetry::kAsymmetric, Symmetry::kSymmetric}) {
      for (const bool with_gptq : {false, true}) {
        Cpu cpu(1);
        Network<Cpu> network = test::tiny_network(cpu, shape, 1);
        fold_norms(cpu, network);
        QuantConfig quant;
        quant.weight.bits = 3;
        quant.weight.symmetry = symmetry;
        const auto choice = RotationChoice::shared(RotationMask(15), network.plan.shape, 2);
        GptqSettings settings;
        settings.clip = WeightClip::kMse;
        if (with_gptq) {
          gptq<Cpu>(cpu, settings, quant, choice, test::tiny_samples(shape, 4, 3), network);
        } else {
          round_to_nearest(cpu, quant, choice, WeightClip::kMse, network);
        }
        expect_codes_of_values(network);
      }
    }
  }
}

}  // namespace
}  // namespace trainer
