// The kernels around an integer product, with loops in the place of cuBLASLt, against roste::cpu
// and against sums in int64.
#include <gtest/gtest.h>

#include <span>
#include <vector>

#include "roste/cpu/multiply.h"
#include "roste/cpu/product_weights.h"
#include "roste/cpu/quantize.h"
#include "roste/cuda/body/multiply.h"
#include "roste/cuda/plan.h"
#include "roste/cuda/product_plan.h"
#include "tests/cuda/fp8_accumulator.h"
#include "tests/cuda/matrices.h"
#include "tests/cuda/teams.h"

namespace roste::cuda {
namespace {

using testing::different;
using testing::Matrix;

// A quantized matrix on the host.
template <class Code>
struct Operand {
  Scheme scheme;
  Matrix<Code> codes;
  std::vector<GroupParams> params;

  Operand(const Scheme& given, const Matrix<float>& x)
      : scheme(given),
        codes(x.rows, x.cols),
        params(static_cast<std::size_t>(group_layout(given.grouping, x.rows, x.cols).count)) {
    cpu::quantize(scheme, x.host(), std::span<GroupParams>(params), codes.host());
  }

  Elements elements() const {
    return plan_elements(group_layout(scheme.grouping, codes.rows, codes.cols), codes.rows,
                         codes.cols);
  }

  cpu::Quantized<Code> host() const {
    return {scheme, codes.host(), std::span<const GroupParams>(params)};
  }

  // q - z, or q - 128, as the kernel leaves them.
  template <class Byte>
  Matrix<Byte> centred(Centre centre) const {
    Matrix<Byte> result(codes.rows, codes.cols);
    const CentreJob<Byte> job{{reinterpret_cast<const std::uint8_t*>(codes.values.data()),
                               codes.stride, CodeStorage::kBytes},
                              elements(),
                              scheme.grid,
                              params.data(),
                              centre,
                              result.device()};
    testing::run<CheckedTeam>({job.elements.count() / 64 + 1, 64}, ThreadOrder::kShuffled,
                              [&](auto& team) { centre_body(team, job); });
    return result;
  }

  RowParams row_params() const {
    return cuda::row_params(group_layout(scheme.grouping, codes.rows, codes.cols), params.data());
  }
};

Matrix<std::int32_t> sums_of(const Matrix<std::int8_t>& x, const Matrix<std::int8_t>& w) {
  Matrix<std::int32_t> sums(x.rows, w.rows);
  for (std::int64_t m = 0; m < x.rows; ++m) {
    for (std::int64_t n = 0; n < w.rows; ++n) {
      std::int64_t sum = 0;
      for (std::int64_t k = 0; k < x.cols; ++k) sum += x.host().row(m)[k] * w.host().row(n)[k];
      sums.host().row(m)[n] = static_cast<std::int32_t>(sum);
    }
  }
  return sums;
}

std::vector<std::int32_t> row_sums_of(const Matrix<std::int8_t>& w) {
  const std::int32_t chunks =
      static_cast<std::int32_t>((w.cols + kChunkColumns - 1) / kChunkColumns);
  std::vector<std::int32_t> sums(static_cast<std::size_t>(w.rows));
  std::vector<std::int32_t> squares(static_cast<std::size_t>(w.rows * chunks));
  const WeightSumsJob job{w.device(), sums.data(), squares.data(), chunks};
  testing::run<CheckedTeam>({w.rows, 32}, ThreadOrder::kShuffled,
                            [&](auto& team) { weight_sums_body(team, job); });
  return sums;
}

template <class X, class W>
Matrix<float> multiplied(const Operand<X>& x, const Operand<W>& w, const std::vector<float>& bias) {
  const Centre centre = centre_of(x.scheme.grid);
  const Matrix<std::int8_t> integers = w.template centred<std::int8_t>(Centre::kZeroPoint);
  const std::vector<std::int32_t> row_sums = row_sums_of(integers);
  const Matrix<std::int32_t> sums = sums_of(x.template centred<std::int8_t>(centre), integers);
  Matrix<float> y(sums.rows, sums.cols);
  const ScaleJob<std::int32_t, float> job{sums.device(),   x.row_params(),
                                          w.row_params(),  centre,
                                          row_sums.data(), bias.empty() ? nullptr : bias.data(),
                                          y.device()};
  const std::int64_t per_row = (y.cols + 31) / 32;
  testing::run<HostTeam>({per_row * y.rows, 32}, ThreadOrder::kReversed,
                         [&](auto& team) { scale_body(team, job); });
  return y;
}

template <class X, class W>
void expect_same_as_cpu(const Scheme& of_x, const Scheme& of_w, std::int64_t inputs,
                        const std::vector<float>& bias) {
  const Operand<X> x(of_x, testing::gaussian<float>(1, 5, inputs));
  const Operand<W> w(of_w, testing::gaussian<float>(2, 37, inputs));
  Matrix<float> expected(5, 37);
  cpu::multiply(x.host(), cpu::ProductWeights(w.host()), std::span<const float>(bias),
                expected.host());
  EXPECT_EQ(different(multiplied(x, w, bias).values, expected.values), 0);
}

TEST(CudaMultiply, GivesTheBitsOfTheCpu) {
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> a4(0.9f);
  const Quantizer<QuantSpec<7, Asymmetric, PerTensor>> a7;
  const Quantizer<QuantSpec<8, Asymmetric, PerRow>> a8;
  const Quantizer<QuantSpec<8, Symmetric, PerRow>> s8;
  const Quantizer<QuantSpec<4, Symmetric, PerTensor>> s4;
  const std::vector<float> bias = roste::testing::gaussian(3, 37);
  for (const std::int64_t inputs : {1, 16, 77, 300}) {
    expect_same_as_cpu<std::uint8_t, std::uint8_t>(a4, a4, inputs, bias);
    expect_same_as_cpu<std::uint8_t, std::int8_t>(a8, s8, inputs, bias);  // q - 128
    expect_same_as_cpu<std::uint8_t, std::int8_t>(a7, s4, inputs, {});
    expect_same_as_cpu<std::int8_t, std::uint8_t>(s8, a7, inputs, bias);
  }
}

TEST(CudaMultiply, CodesBecomeTheirDistanceFromTheZeroPoint) {
  Matrix<float> x(1, 5);
  x.values = {-3.0f, 0.0f, 0.6f, 4.5f, 1.0f};
  const Operand<std::uint8_t> a4(Quantizer<QuantSpec<4, Asymmetric, PerRow>>(), x);  // s 0.5, z 6
  EXPECT_EQ(a4.centred<std::int8_t>(Centre::kZeroPoint).values,
            (std::vector<std::int8_t>{-6, 0, 1, 9, 2}));
  EXPECT_EQ(a4.centred<std::int8_t>(Centre::kMiddle).values,
            (std::vector<std::int8_t>{-128, -122, -121, -113, -120}));
  const std::vector<E4m3> eighths = a4.centred<E4m3>(Centre::kZeroPoint).values;
  EXPECT_EQ(testing::value_of(eighths[0]), -6.0);
  EXPECT_EQ(testing::value_of(eighths[3]), 9.0);
}

TEST(CudaMultiply, SumsOfWeightsAndTheirSquares) {
  Matrix<std::int8_t> w(3, 300);
  for (std::size_t i = 0; i < w.values.size(); ++i) {
    w.values[i] = static_cast<std::int8_t>(static_cast<int>(i * 7 % 31) - 15);
  }
  std::vector<std::int32_t> sums(3), squares(9), largest(3);
  testing::run<CheckedTeam>({3, 32}, ThreadOrder::kShuffled, [&](auto& team) {
    weight_sums_body(team, {w.device(), sums.data(), squares.data(), 3});
  });
  testing::run<CheckedTeam>({3, 64}, ThreadOrder::kShuffled, [&](auto& team) {
    largest_squares_body(team, {squares.data(), 3, 3, largest.data()});
  });
  for (std::int64_t chunk = 0; chunk < 3; ++chunk) {
    std::int32_t most = 0;
    for (std::int64_t row = 0; row < 3; ++row) {
      std::int32_t sum = 0, square = 0;
      for (std::int64_t k = 0; k < 300; ++k) {
        const std::int32_t u = w.host().row(row)[k];
        sum += u;
        square += k / kChunkColumns == chunk ? u * u : 0;
      }
      EXPECT_EQ(sums[static_cast<std::size_t>(row)], sum);
      most = std::max(most, square);
    }
    EXPECT_EQ(largest[static_cast<std::size_t>(chunk)], most);
  }
}

TEST(ProductPlan, RefusesWhatHasNoIntegerProduct) {
  EXPECT_THROW(centre_of(make_grid(RangeRule::kTight, 4)), std::invalid_argument);
  EXPECT_THROW(centre_of(make_grid(RangeRule::kPaperEq4, 4)), std::invalid_argument);
  EXPECT_THROW(centre_of(make_grid(RangeRule::kZeroIncluded, 9)), std::invalid_argument);
  EXPECT_THROW(check_weight_codes(make_grid(RangeRule::kZeroIncluded, 8)), std::invalid_argument);
  EXPECT_NO_THROW(check_weight_codes(make_grid(RangeRule::kSymmetric, 8)));
  EXPECT_THROW(check_activation_codes(make_grid(RangeRule::kZeroIncluded, 5), 15),
               std::invalid_argument);
  EXPECT_NO_THROW(check_activation_codes(make_grid(RangeRule::kSymmetric, 5), 16));
  EXPECT_THROW(check_product_grouping("weights", group_layout({Grouping::Kind::kGroup, 4}, 2, 8)),
               std::invalid_argument);
  EXPECT_THROW(check_multiplied_shapes(8, 3, 9, 0), std::invalid_argument);
  EXPECT_THROW(check_multiplied_shapes(8, 3, 8, 2), std::invalid_argument);
}

TEST(ProductPlan, CentresAndOffsets) {
  EXPECT_EQ(centre_of(make_grid(RangeRule::kZeroIncluded, 7)), Centre::kZeroPoint);
  EXPECT_EQ(centre_of(make_grid(RangeRule::kZeroIncluded, 8)), Centre::kMiddle);
  EXPECT_EQ(centre_of(make_grid(RangeRule::kSymmetric, 8)), Centre::kZeroPoint);
  EXPECT_EQ(largest_offset_of(make_grid(RangeRule::kZeroIncluded, 4)), 15);
  EXPECT_EQ(largest_offset_of(make_grid(RangeRule::kSymmetric, 4)), 8);
  EXPECT_EQ(padded(1), 16);
  EXPECT_EQ(padded(16), 16);
  EXPECT_EQ(padded(17), 32);
}

}  // namespace
}  // namespace roste::cuda
