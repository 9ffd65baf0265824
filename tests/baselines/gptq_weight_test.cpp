// GPTQ on single layers: its limits, its invariances, and what it promises.
#include "reference_trainer/baselines/gptq_weight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>

#include "reference_trainer/base/error.h"
#include "tests/baselines/gptq_cases.h"

namespace trainer {
namespace {

using test::Layer;

const QuantizerSettings kW4{4};
const QuantizerSettings kW3Symmetric{3, Symmetry::kSymmetric};

// Independent channels leave nothing to make up for.
TEST(Gptq, IdentityHessianRoundsToNearest) {
  Layer layer(40, 50, 1);
  layer.hessian.values.assign(50 * 50, 0);
  for (std::size_t i = 0; i < 50; ++i) layer.hessian.values[i * 51] = 1;
  for (const QuantizerSettings& quantizer : {kW4, kW3Symmetric}) {
    for (const WeightClip clip : {WeightClip::kNone, WeightClip::kMse}) {
      GptqSettings settings;
      settings.clip = clip;
      EXPECT_EQ(test::quantize(layer, settings, quantizer).values,
                test::rounded(layer, quantizer, clip));
    }
  }
}

// A damping of 1e12 leaves a share of 1e-12 of any error to pass on, less than half a unit in the
// last place of a float weight (2^-25); without it codes differ.
TEST(Gptq, HugeDampingRoundsToNearest) {
  const Layer layer(40, 50, 2);
  GptqSettings settings;
  EXPECT_NE(test::quantize(layer, settings, kW4).values, test::rounded(layer, kW4));
  settings.damping = 1e12;
  EXPECT_EQ(test::quantize(layer, settings, kW4).values, test::rounded(layer, kW4));
}

// 300 rows are three tiles, 150 columns two blocks.
TEST(Gptq, SameBitsForAnyThreads) {
  const Layer layer(300, 150, 3);
  GptqSettings settings;
  settings.clip = WeightClip::kMse;
  const GptqWeight one = test::quantize(layer, settings, kW4, 1);
  ThreadPool pool(1);
  const test::WeightView quantized(one.values.data(), layer.out, layer.in);
  const double error = hessian_error(pool, layer.view(), quantized, layer.hessian);
  for (const int threads : {2, 3}) {
    const GptqWeight several = test::quantize(layer, settings, kW4, threads);
    EXPECT_EQ(several.codes, one.codes);
    EXPECT_EQ(several.values, one.values);
    ThreadPool more(threads);
    EXPECT_EQ(hessian_error(more, layer.view(), quantized, layer.hessian), error);
  }
}

// Sums in double differ by 1e-16 of themselves: with 7500 values no code is that close to a border.
TEST(Gptq, BlockSizeChangesNoCode) {
  const Layer layer(50, 150, 4);
  GptqSettings settings;
  settings.block_size = 1;
  const GptqWeight by_column = test::quantize(layer, settings, kW4);
  for (const std::int64_t block : {7, 128, 150, 1000}) {
    settings.block_size = block;
    EXPECT_EQ(test::quantize(layer, settings, kW4).codes, by_column.codes) << block;
  }
}

TEST(Gptq, LosesLessThanRoundingToNearest) {
  const Layer layer(64, 96, 5);
  for (const QuantizerSettings& quantizer : {kW4, kW3Symmetric}) {
    for (const ColumnOrder order : {ColumnOrder::kNatural, ColumnOrder::kDescending}) {
      GptqSettings settings;
      settings.column_order = order;
      const GptqWeight got = test::quantize(layer, settings, quantizer);
      EXPECT_LT(
          test::naive_error(layer.weight, got.values, layer.hessian),
          0.8 * test::naive_error(layer.weight, test::rounded(layer, quantizer), layer.hessian));
    }
  }
}

// The column that is rounded last meets errors which nobody changes any more: of all codes its own
// is the best under the damped Hessian, row by row.
TEST(Gptq, TheLastColumnIsOptimal) {
  const Layer layer(30, 20, 6);
  const GptqWeight got = test::quantize(layer, {}, kW4);
  Hessian damped = layer.hessian;
  double mean = 0;
  for (std::size_t i = 0; i < 20; ++i) mean += damped.values[i * 21] / 20;
  for (std::size_t i = 0; i < 20; ++i) damped.values[i * 21] += 0.01 * mean;
  for (std::size_t row = 0; row < 30; ++row) {
    const auto row_error = [&](std::int32_t last) {
      std::vector<float> w(layer.weight.begin() + row * 20, layer.weight.begin() + row * 20 + 20);
      std::vector<float> q(got.values.begin() + row * 20, got.values.begin() + row * 20 + 20);
      q.back() = roste::decode(last, got.params[row]);
      return test::naive_error(w, q, damped);
    };
    const double least = row_error(got.codes[row * 20 + 19]);
    for (std::int32_t code = 0; code < 16; ++code) EXPECT_LE(least, row_error(code) * (1 + 1e-12));
  }
}

// What never carries a signal is zeroed and neither gives nor takes errors: the rest is as without
// it. The grid is fitted before, so the extreme values of the rows stay in live columns.
TEST(Gptq, DeadColumnsAreZeroAndChangeNothingElse) {
  Layer whole(12, 21, 7);
  Layer live(12, 20, 7);
  for (std::size_t row = 0; row < 12; ++row) {
    for (std::size_t c = 0; c < 21; ++c) {
      const std::size_t from = row * 20 + (c < 5 ? c : c - 1);
      whole.weight[row * 21 + c] = c == 5 ? 0.4f : live.weight[from];
    }
  }
  whole.hessian.values.assign(21 * 21, 0);
  for (std::size_t i = 0; i < 20; ++i) {
    for (std::size_t j = 0; j < 20; ++j)
      whole.hessian.values[(i < 5 ? i : i + 1) * 21 + (j < 5 ? j : j + 1)] =
          live.hessian.values[i * 20 + j];
  }
  for (const ColumnOrder order : {ColumnOrder::kNatural, ColumnOrder::kDescending}) {
    GptqSettings settings;
    settings.column_order = order;
    const GptqWeight got = test::quantize(whole, settings, kW4);
    const GptqWeight expected = test::quantize(live, settings, kW4);
    for (std::size_t row = 0; row < 12; ++row) {
      for (std::size_t c = 0; c < 21; ++c) {
        const float value = c == 5 ? 0.0f : expected.values[row * 20 + (c < 5 ? c : c - 1)];
        EXPECT_EQ(got.values[row * 21 + c], value) << row << " " << c;
      }
    }
  }
}

// Equal sizes keep their order, larger ones come first.
TEST(ErrorFeedback, DescendingOrderIsStable) {
  Hessian h{4, std::vector<double>(16)};
  for (std::size_t i = 0; i < 4; ++i) h.values[i * 5] = std::array{1.0, 3.0, 1.0, 3.0}[i];
  EXPECT_THAT(make_error_feedback("layer", h, ColumnOrder::kDescending, 0.01).order,
              testing::ElementsAre(1, 3, 0, 2));
  EXPECT_THAT(make_error_feedback("layer", h, ColumnOrder::kNatural, 0.01).order,
              testing::ElementsAre(0, 1, 2, 3));
}

// Two channels, by hand: mean diagonal 3, damped H = [[2.03, 1], [1, 4.03]]. What column 0 loses
// reaches column 1 with R_01 / R_11 = H_01 / H_11 = 1 / 4.03.
TEST(ErrorFeedback, LiteralFactor) {
  const Hessian h{2, {2, 1, 1, 4}};
  const ErrorFeedback feedback = make_error_feedback("layer", h, ColumnOrder::kNatural, 0.01);
  EXPECT_EQ(feedback.damping, 0.01);
  // Column-major: element (0, 1). A square root and two divisions: a few units of 2^-53.
  EXPECT_NEAR(feedback.factor[2], 1 / 4.03, 1e-15);
}

// Eigenvalues 1 - 1.05 and 1 + 1.05: 0.01 of the mean diagonal does not lift them above zero, 0.1
// does.
TEST(ErrorFeedback, DampingIsRaisedWhereItMustBe) {
  const Hessian h{2, {1, 1.05, 1.05, 1}};
  EXPECT_DOUBLE_EQ(make_error_feedback("layer", h, ColumnOrder::kNatural, 0.01).damping, 0.1);
  EXPECT_DOUBLE_EQ(make_error_feedback("layer", h, ColumnOrder::kNatural, 0.0001).damping, 0.1);
}

void expect_refused(const Hessian& h, double damping) {
  try {
    make_error_feedback("layer 3 o_input", h, ColumnOrder::kNatural, damping);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.parts().code, "QN-30");
    EXPECT_EQ(error.parts().where, "layer 3 o_input");
    EXPECT_THAT(error.parts().hint, testing::HasSubstr("damping"));
    EXPECT_EQ(error.exit_code(), ExitCode::kNumerics);
  }
}

// Three raises are 0.0001 to 0.1; one less than the matrix above needs, from 0.00001 on.
TEST(ErrorFeedback, QN30_NotPositiveDefinite) {
  expect_refused({2, {1, 1.05, 1.05, 1}}, 0.00001);
  expect_refused({2, {1, 100, 100, 1}}, 0.01);
}

TEST(ErrorFeedback, QN30_NotFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  expect_refused({2, {1, nan, nan, 1}}, 0.01);
  expect_refused({2, {1, 0, 0, infinity}}, 0.01);
}

TEST(Gptq, RefusesWhatDoesNotFit) {
  const Layer layer(4, 6, 8);
  const auto refused = [&](const GptqSettings& settings, const QuantizerSettings& quantizer) {
    EXPECT_THROW(test::quantize(layer, settings, quantizer), std::invalid_argument);
  };
  refused({0.0}, kW4);
  refused({-1.0}, kW4);
  refused({0.01, 0}, kW4);
  refused({}, {9});
  refused({}, {1});
  Layer other(4, 5, 8);
  other.in = 6;  // the Hessian is one of five channels
  other.weight = layer.weight;
  EXPECT_THROW(test::quantize(other, {}, kW4), std::invalid_argument);
  Layer bad = layer;
  bad.weight[7] = std::numeric_limits<float>::infinity();
  EXPECT_THROW(test::quantize(bad, {}, kW4), std::domain_error);
}

// An error is a sum of out in^2 products; in double any two orders agree to 1e-12 of it.
TEST(HessianError, IsTheTraceOfThePlainLoops) {
  const Layer layer(140, 30, 9);
  const std::vector<float> q = test::rounded(layer, kW4);
  ThreadPool pool(1);
  const double expected = test::naive_error(layer.weight, q, layer.hessian);
  EXPECT_NEAR(hessian_error(pool, layer.view(), {q.data(), 140, 30}, layer.hessian), expected,
              1e-12 * expected);
  EXPECT_THROW(hessian_error(pool, layer.view(), {q.data(), 30, 140}, layer.hessian),
               std::invalid_argument);
}

// A float32 sum over the 50 tokens of a batch is off by at most 50 * 2^-24 of the sum of sizes, and
// that is at most the largest diagonal element.
TEST(HessianSum, IsTwiceTheMeanOfOuterProducts) {
  const Layer layer(1, 40, 10);
  Cpu cpu(1);
  HessianSum<Cpu> sum(cpu);
  const std::size_t rows = layer.inputs.size() / 40;
  for (std::size_t first = 0; first < rows; first += 50) {  // the last batch is shorter
    const std::size_t count = std::min<std::size_t>(50, rows - first);
    Tensor<Cpu> x(cpu, static_cast<std::int64_t>(count), 40);
    std::copy_n(layer.inputs.begin() + static_cast<std::ptrdiff_t>(first * 40), count * 40,
                x.data());
    sum.add(x);
  }
  const Hessian got = sum.take_mean();
  ASSERT_EQ(got.size, 40);
  const double largest =
      *std::max_element(layer.hessian.values.begin(), layer.hessian.values.end());
  for (std::size_t i = 0; i < got.values.size(); ++i)
    EXPECT_NEAR(got.values[i], layer.hessian.values[i], 50 * 0x1p-24 * largest) << i;
}

}  // namespace
}  // namespace trainer
