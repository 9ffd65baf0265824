// Rounding to nearest with a searched clipping factor.
#include "reference_trainer/baselines/weight_clip.h"

#include <gtest/gtest.h>

#include <limits>

#include "roste/core/non_finite.h"
#include "tests/baselines/gptq_cases.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

const QuantizerSettings kW3{3};

double row_error(const test::Layer& layer, const std::vector<float>& q, std::int64_t row) {
  double sum = 0;
  for (std::int64_t k = row * layer.in; k < (row + 1) * layer.in; ++k) {
    const double d = static_cast<double>(layer.weight[static_cast<std::size_t>(k)]) -
                     static_cast<double>(q[static_cast<std::size_t>(k)]);
    sum += d * d;
  }
  return sum;
}

// No row loses, as the factor 1 is among those tried; 3 bits of a normal variable want a smaller
// one nearly always.
TEST(WeightClip, SearchedFactorsLoseLess) {
  const test::Layer layer(40, 60, 1);
  const std::vector<float> given = test::rounded(layer, kW3);
  const std::vector<float> searched = test::rounded(layer, kW3, WeightClip::kMse);
  int better = 0;
  for (std::int64_t row = 0; row < layer.out; ++row) {
    EXPECT_LE(row_error(layer, searched, row), row_error(layer, given, row)) << row;
    better += row_error(layer, searched, row) < row_error(layer, given, row);
  }
  EXPECT_GT(better, 30);
}

// 40 rows are three tasks, the last of them shorter.
TEST(WeightClip, SameParamsForAnyThreads) {
  const test::Layer layer(40, 60, 2);
  ThreadPool one(1), three(3);
  for (const WeightClip clip : {WeightClip::kNone, WeightClip::kMse})
    EXPECT_EQ(fit_weight(one, kW3, clip, layer.view()), fit_weight(three, kW3, clip, layer.view()));
}

TEST(WeightClip, QN01_NamesTheRowOfTheWholeWeight) {
  test::Layer layer(40, 60, 3);
  layer.weight[35 * 60 + 7] = std::numeric_limits<float>::quiet_NaN();
  ThreadPool pool(2);
  for (const WeightClip clip : {WeightClip::kNone, WeightClip::kMse}) {
    try {
      fit_weight(pool, kW3, clip, layer.view());
      ADD_FAILURE() << "accepted NaN";
    } catch (const roste::NonFiniteError& error) {
      EXPECT_EQ(error.row(), 35);
      EXPECT_EQ(error.col(), 7);
    }
  }
}

struct Networks {
  Cpu cpu{1};
  Network<Cpu> network = test::tiny_network(cpu, test::tiny_shape(), 1);
  RotationChoice choice = RotationChoice::shared(RotationMask(15), network.plan.shape, 9);
  QuantConfig quant;
  Networks() {
    fold_norms(cpu, network);
    quant.weight.bits = 3;
  }
};

TEST(WeightClip, NoneIsRoundToNearest) {
  Networks a, b;
  round_to_nearest(a.cpu, a.quant, a.choice, WeightClip::kNone, a.network);
  round_to_nearest(b.cpu, b.quant, b.choice, b.network);
  for (const Linear l : kLinears)
    EXPECT_EQ(test::values(a.network.weight(1, l)), test::values(b.network.weight(1, l)));
}

// Every layer is nearer to what it was, and is stored as round_to_nearest stores it.
TEST(WeightClip, EveryLayerOfANetworkLosesLess) {
  Networks exact, given, searched;
  apply_plan(exact.cpu, {}, exact.choice, exact.network);
  round_to_nearest(given.cpu, given.quant, given.choice, given.network);
  round_to_nearest(searched.cpu, searched.quant, searched.choice, WeightClip::kMse,
                   searched.network);
  EXPECT_EQ(searched.network.plan.weight_form, WeightForm::kEffective);
  EXPECT_EQ(searched.network.plan.quant.weight.bits, 3);
  const auto distance = [&](const Network<Cpu>& network, std::size_t i, Linear l) {
    const std::vector<float> w = test::values(exact.network.weight(i, l));
    const std::vector<float> q = test::values(network.weight(i, l));
    double sum = 0;
    for (std::size_t k = 0; k < w.size(); ++k) sum += std::pow(static_cast<double>(w[k] - q[k]), 2);
    return sum;
  };
  for (std::size_t i = 0; i < 2; ++i) {
    for (const Linear l : kLinears) {
      const double least = distance(searched.network, i, l);
      EXPECT_GT(least, 0);
      EXPECT_LT(least, distance(given.network, i, l)) << i << " " << linear_name(l);
    }
  }
  EXPECT_EQ(test::values(searched.network.bias(0, Linear::kV)),
            test::values(given.network.bias(0, Linear::kV)));
}

}  // namespace
}  // namespace trainer
