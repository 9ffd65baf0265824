#include "reference_trainer/ops/quant.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "roste/roste.h"
#include "tests/support/random_values.h"

namespace trainer {
namespace {

using roste::cpu::MatrixView;

Tensor<Cpu> tensor_of(Cpu& cpu, const std::vector<float>& values, std::int64_t cols) {
  Tensor<Cpu> x(cpu, static_cast<std::int64_t>(values.size()) / cols, cols);
  std::copy(values.begin(), values.end(), x.data());
  return x;
}

std::vector<float> values_of(const Tensor<Cpu>& x) { return {x.data(), x.data() + x.size()}; }

constexpr std::int64_t kRows = 700, kCols = 96;  // several tiles of rows, the last one shorter

// Every entry of the table of settings, on values far from 0, where all range rules differ.
TEST(TrainerQuant, SettingsReachTheLibrary) {
  Cpu cpu(2);
  std::vector<float> values = roste::testing::gaussian(1, kRows * kCols);
  for (float& v : values) v += 10.0f;
  const struct {
    Symmetry symmetry;
    Range range;
    roste::RangeRule rule;
  } rules[] = {{Symmetry::kSymmetric, Range::kZeroIncluded, roste::RangeRule::kSymmetric},
               {Symmetry::kAsymmetric, Range::kZeroIncluded, roste::RangeRule::kZeroIncluded},
               {Symmetry::kAsymmetric, Range::kTight, roste::RangeRule::kTight},
               {Symmetry::kAsymmetric, Range::kPaperEq4, roste::RangeRule::kPaperEq4}};
  for (const auto& r : rules) {
    for (int bits = 2; bits <= 8; ++bits) {
      const QuantizerSettings settings{bits, r.symmetry, r.range, 0.9f};
      const roste::Scheme scheme{roste::make_grid(r.rule, bits, 0.9f),
                                 {roste::Grouping::Kind::kGroup, 32}};
      Tensor<Cpu> x = tensor_of(cpu, values, kCols);
      std::vector<float> expected = values;
      const MatrixView<float> view(expected.data(), kRows, kCols);
      const roste::ErrorSums sums = roste::cpu::measure(scheme, view);
      const QuantizationError error = quantization_error(cpu, settings, 32, x);
      EXPECT_NEAR(error.squared_error, sums.squared_error, 1e-12 * sums.squared_error);
      EXPECT_NEAR(error.squared_norm, sums.squared_norm, 1e-12 * sums.squared_norm);
      roste::cpu::fake_quantize(scheme, view);
      fake_quantize(cpu, settings, 32, x);
      EXPECT_TRUE(values_of(x) == expected) << bits << " bits";
    }
  }
}

TEST(TrainerQuant, CD01_ThreadsDoNotChangeBits) {
  const std::vector<float> values = roste::testing::gaussian(2, kRows * kCols);
  const QuantizerSettings settings{4};
  const roste::Rotation rotation = roste::Rotation::hadamard(32, 3);
  Cpu one(1), four(4);
  std::vector<std::vector<float>> results;
  std::vector<double> errors;
  for (Cpu* cpu : {&one, &four}) {
    Tensor<Cpu> x = tensor_of(*cpu, values, kCols);
    rotate(*cpu, rotation, x);
    errors.push_back(quantization_error(*cpu, settings, kCols, x).squared_error);
    fake_quantize(*cpu, settings, kCols, x);
    results.push_back(values_of(x));
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(errors[0], errors[1]);
}

TEST(TrainerQuant, SixteenBitsMeanNoQuantizer) {
  Cpu cpu(1);
  const std::vector<float> values = {3.0f, 4.0f};
  Tensor<Cpu> x = tensor_of(cpu, values, 2);
  fake_quantize(cpu, QuantizerSettings{16}, 2, x);
  EXPECT_EQ(values_of(x), values);
  const QuantizationError error = quantization_error(cpu, QuantizerSettings{16}, 2, x);
  EXPECT_EQ(error.squared_error, 0.0);
  EXPECT_EQ(error.squared_norm, 25.0);
}

TEST(TrainerQuant, QN20_UnknownBitWidths) {
  Cpu cpu(1);
  Tensor<Cpu> x = tensor_of(cpu, {1, 2}, 2);
  for (const int bits : {-1, 0, 1, 9, 15}) {
    EXPECT_THROW(fake_quantize(cpu, QuantizerSettings{bits}, 2, x), std::invalid_argument) << bits;
  }
}

TEST(TrainerQuant, QN01_NamesTheRowOfTheWholeTensor) {
  Cpu cpu(2);
  std::vector<float> values = roste::testing::gaussian(2, kRows * kCols);
  values[650 * kCols + 5] = std::numeric_limits<float>::quiet_NaN();
  Tensor<Cpu> x = tensor_of(cpu, values, kCols);
  try {
    fake_quantize(cpu, QuantizerSettings{4}, kCols, x);
    ADD_FAILURE() << "accepted NaN";
  } catch (const roste::NonFiniteError& error) {
    EXPECT_EQ(error.row(), 650);
    EXPECT_EQ(error.col(), 5);
  }
}

TEST(TrainerQuant, RotationsEqualTheLibraryAndAreUndone) {
  Cpu cpu(3);
  const std::int64_t rows = 3 * 48, cols = 192;
  const roste::Rotation rotation = roste::Rotation::hadamard(48, 9);
  const std::vector<float> values = roste::testing::gaussian(7, rows * cols);
  std::vector<float> by_row = values, by_column = values;
  roste::cpu::rotate_rows(rotation, MatrixView<float>(by_row.data(), rows, cols));
  roste::cpu::rotate_columns(rotation, MatrixView<float>(by_column.data(), rows, cols));
  Tensor<Cpu> x = tensor_of(cpu, values, cols), w = tensor_of(cpu, values, cols);
  rotate(cpu, rotation, x);
  rotate_outputs(cpu, rotation, w);
  EXPECT_EQ(values_of(x), by_row);
  EXPECT_EQ(values_of(w), by_column);
  rotate_transposed(cpu, rotation, x);
  rotate_outputs_transposed(cpu, rotation, w);
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_NEAR(x.data()[i], values[i], 4e-6f);
    EXPECT_NEAR(w.data()[i], values[i], 4e-6f);
  }
}

TEST(TrainerQuant, RotationsThatDoNotFit) {
  Cpu cpu(1);
  const roste::Rotation rotation = roste::Rotation::hadamard(8, 9);
  Tensor<Cpu> x(cpu, 12, 12);
  EXPECT_THROW(rotate(cpu, rotation, x), std::invalid_argument);
  EXPECT_THROW(rotate_transposed(cpu, rotation, x), std::invalid_argument);
  EXPECT_THROW(rotate_outputs(cpu, rotation, x), std::invalid_argument);
  EXPECT_THROW(rotate_outputs_transposed(cpu, rotation, x), std::invalid_argument);
}

}  // namespace
}  // namespace trainer
