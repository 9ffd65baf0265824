// The quantizing kernels against roste::cpu, bit for bit: parameters, codes, packed codes, values.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "roste/core/packing.h"
#include "roste/cpu/quantize.h"
#include "roste/cpu/rotate.h"
#include "roste/cuda/body/elements.h"
#include "roste/cuda/body/fit.h"
#include "roste/cuda/body/quantize.h"
#include "roste/cuda/plan.h"
#include "tests/cuda/matrices.h"
#include "tests/cuda/teams.h"

namespace roste::cuda {
namespace {

using testing::different;
using testing::Matrix;

// What quantizing gives: codes as bytes, and as nibbles where they fit.
struct Outcome {
  std::vector<GroupParams> params;
  Matrix<std::uint8_t> codes;
  Matrix<std::uint8_t> nibbles;
  Matrix<float> values;
  std::uint64_t first_non_finite = kAllFinite;

  Outcome(std::int64_t groups, std::int64_t rows, std::int64_t cols)
      : params(static_cast<std::size_t>(groups)),
        codes(rows, cols),
        nibbles(rows, (cols + 1) / 2),
        values(rows, cols) {}
};

std::int64_t groups_of(const Scheme& scheme, const Matrix<float>& x) {
  return group_layout(scheme.grouping, x.rows, x.cols).count;
}

bool fits_nibbles(const Scheme& scheme) {
  return scheme.grid.codes.max - scheme.grid.codes.min <= 15;
}

template <class Code>
void cpu_codes(const Scheme& scheme, const Matrix<float>& x, Outcome& outcome) {
  Matrix<Code> codes(x.rows, x.cols);
  cpu::quantize(scheme, x.host(), std::span<GroupParams>(outcome.params), codes.host());
  for (std::size_t i = 0; i < codes.values.size(); ++i) {
    outcome.codes.values[i] = static_cast<std::uint8_t>(codes.values[i]);
  }
  for (std::int64_t r = 0; r < x.rows && fits_nibbles(scheme); ++r) {
    std::vector<std::int32_t> row(codes.host().row(r), codes.host().row(r) + x.cols);
    for (std::int32_t& q : row) q -= scheme.grid.codes.min;
    pack(std::span<const std::int32_t>(row), {0, 15},
         std::span<std::uint8_t>(outcome.nibbles.host().row(r),
                                 static_cast<std::size_t>(outcome.nibbles.cols)));
  }
}

Outcome by_cpu(const Scheme& scheme, const Matrix<float>& x) {
  Outcome outcome(groups_of(scheme, x), x.rows, x.cols);
  if (testing::is_symmetric(scheme)) {
    cpu_codes<std::int8_t>(scheme, x, outcome);
  } else {
    cpu_codes<std::uint8_t>(scheme, x, outcome);
  }
  for (std::int64_t r = 0; r < x.rows; ++r) {
    std::copy(x.host().row(r), x.host().row(r) + x.cols, outcome.values.host().row(r));
  }
  cpu::fake_quantize(scheme, outcome.values.host());
  return outcome;
}

void expect_equal(const Outcome& outcome, const Outcome& expected, const Scheme& scheme) {
  EXPECT_EQ(outcome.params, expected.params);
  EXPECT_EQ(different(outcome.codes.values, expected.codes.values), 0);
  EXPECT_EQ(different(outcome.values.values, expected.values.values), 0);
  if (fits_nibbles(scheme)) {
    EXPECT_EQ(different(outcome.nibbles.values, expected.nibbles.values), 0);
  }
}

CodeMatrix<std::uint8_t> bytes_of(Outcome& outcome) {
  return {outcome.codes.values.data(), outcome.codes.stride, CodeStorage::kBytes};
}

CodeMatrix<std::uint8_t> nibbles_of(Outcome& outcome) {
  return {outcome.nibbles.values.data(), outcome.nibbles.stride, CodeStorage::kNibbles};
}

// The line kernel, once for bytes and once for nibbles, against `expected`.
void expect_lines(const Scheme& scheme, const RotationView& rotation, const Matrix<float>& x,
                  const Outcome& expected) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  ASSERT_TRUE(fits_line(layout, rotation));
  const GroupPlan plan = plan_groups(x.rows, x.cols, layout, rotation);
  Outcome outcome(layout.count, x.rows, x.cols);
  QuantizeJob<float> job{x.device(),
                         plan.grouped,
                         rotation,
                         scheme.grid,
                         &outcome.first_non_finite,
                         outcome.params.data(),
                         bytes_of(outcome),
                         outcome.values.device()};
  with_values(plan.log2_values, [&](auto log2) {
    const auto prepare = [&] {
      outcome.values.values.assign(outcome.values.values.size(), 77.0f);
      outcome.codes.values.assign(outcome.codes.values.size(), 99);
      outcome.nibbles.values.assign(outcome.nibbles.values.size(), 99);
      outcome.params.assign(outcome.params.size(), {-1.0f, -1});
    };
    testing::run_everywhere(
        {plan.grouped.lines.tiles(), plan.grouped.lines.block()}, prepare,
        [&](auto& team) {
          quantize_body<log2()>(team, job);
          QuantizeJob<float> packed = job;
          packed.codes = nibbles_of(outcome);
          packed.values.data = nullptr;
          if (fits_nibbles(scheme)) quantize_body<log2()>(team, packed);
        },
        [&] { expect_equal(outcome, expected, scheme); });
  });
  EXPECT_EQ(outcome.first_non_finite, kAllFinite);
}

TEST(CudaQuantize, RowsAndGroupsGiveTheBitsOfTheCpu) {
  for (const auto& [rows, cols, group] :
       std::vector<std::array<std::int64_t, 3>>{{5, 128, 32}, {3, 24, 8}, {2, 96, 48}, {9, 4, 2}}) {
    for (const Scheme& scheme : testing::row_schemes(group)) {
      const Matrix<float> x = testing::gaussian<float>(1, rows, cols, 3);
      expect_lines(scheme, {}, x, by_cpu(scheme, x));
    }
  }
}

TEST(CudaQuantize, EveryLengthOfARow) {
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> a4;
  for (std::int64_t cols = 1; cols <= 70; ++cols) {
    const Matrix<float> x = testing::gaussian<float>(2, 3, cols);
    expect_lines(a4, {}, x, by_cpu(a4, x));
  }
  for (const std::int64_t cols : {513, 1000, 4097, 16384, 16385, 32768}) {
    const Matrix<float> x = testing::gaussian<float>(3, 1, cols);
    expect_lines(a4, {}, x, by_cpu(a4, x));
  }
}

TEST(CudaQuantize, AShorterLastGroup) {
  const Quantizer<QuantSpec<4, Asymmetric, PerGroup<kDynamic, Tail::kShorter>>> a4(16);
  const Matrix<float> x = testing::gaussian<float>(2, 3, 37);
  expect_lines(a4, {}, x, by_cpu(a4, x));
}

// Half-way inputs, where a multiplication by 1 / s gives other codes; constant, zero and huge rows.
TEST(CudaQuantize, DegenerateRows) {
  Matrix<float> x(6, 32);
  for (std::int64_t c = 0; c < 32; ++c) {
    x.host().row(0)[c] = (static_cast<float>(c % 15) + 0.5f) * 0.1f;
    x.host().row(1)[c] = -3.25f;
    x.host().row(2)[c] = c % 2 == 0 ? 0.0f : -0.0f;
    x.host().row(3)[c] = c % 2 == 0 ? 3e38f : -3e38f;
    x.host().row(4)[c] = 1e-42f * static_cast<float>(c);
    x.host().row(5)[c] = c == 7 ? 1e4f : 100.0f + static_cast<float>(c);
  }
  for (const Scheme& scheme : testing::row_schemes(8))
    expect_lines(scheme, {}, x, by_cpu(scheme, x));
}

TEST(CudaQuantize, AnyBitPattern) {
  Matrix<float> x(64, 16);
  x.values = roste::testing::finite_bit_patterns(5, 64 * 16);
  for (const Scheme& scheme : testing::row_schemes(4))
    expect_lines(scheme, {}, x, by_cpu(scheme, x));
}

TEST(CudaRotateQuantize, IsRotateThenQuantize) {
  for (const auto& [d, cols, group] : std::vector<std::array<std::int64_t, 3>>{
           {128, 128, 32}, {64, 256, 64}, {64, 256, 128}, {896, 896, 128}, {80, 160, 80}}) {
    const Rotation rotation = Rotation::hadamard(d, 9);
    const RotationTables tables(rotation, Side::kPlain);
    const Matrix<float> x = testing::gaussian<float>(4, 3, cols, 1);
    Matrix<float> rotated = x;
    cpu::rotate_rows(rotation, rotated.host());
    for (const Scheme& scheme : testing::row_schemes(group)) {
      expect_lines(scheme, tables.host_view(), x, by_cpu(scheme, rotated));
    }
  }
}

TEST(CudaRotateQuantize, DimensionsOfModels) {
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> a4;
  for (const std::int64_t d : {4864, 14336, 18944, 32768}) {
    const Rotation rotation = Rotation::hadamard(d, 9);
    const RotationTables tables(rotation, Side::kPlain);
    const Matrix<float> x = testing::gaussian<float>(4, 1, d);
    Matrix<float> rotated = x;
    cpu::rotate_rows(rotation, rotated.host());
    expect_lines(a4, tables.host_view(), x, by_cpu(a4, rotated));
  }
}

// Parts of a long group, then the group: the same parameters as one scan.
TEST(CudaFit, GroupsLongerThanALine) {
  for (const Scheme& scheme : {Quantizer<QuantSpec<4, Asymmetric, PerTensor>>(0.9f).scheme(),
                               Quantizer<QuantSpec<8, Symmetric, PerRow>>().scheme()}) {
    const Matrix<float> x = testing::gaussian<float>(6, 3, 50001, 2);
    const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
    ASSERT_FALSE(fits_line(layout, {}));
    const std::int32_t parts = scan_parts(layout, x.rows, x.cols);
    ASSERT_GT(parts, 1);
    std::vector<Range> ranges(static_cast<std::size_t>(layout.count * parts));
    std::uint64_t first = kAllFinite;
    const ScanJob<float> scan{x.device(), layout.runs_per_group, parts, &first, ranges.data()};
    std::vector<GroupParams> params(static_cast<std::size_t>(layout.count));
    const FitJob fit{ranges.data(), parts, scheme.grid, params.data()};
    testing::run_everywhere(
        {layout.count * parts, 64}, [&] { ranges.assign(ranges.size(), {}); },
        [&](auto& team) { scan_body(team, scan); }, [] {});
    testing::run_everywhere(
        {layout.count, 32}, [&] { params.assign(params.size(), {}); },
        [&](auto& team) { fit_body(team, fit); },
        [&] { EXPECT_EQ(params, by_cpu(scheme, x).params); });
  }
}

std::vector<Scheme> all_schemes(std::int64_t group) {
  std::vector<Scheme> schemes = testing::row_schemes(group);
  schemes.push_back(Quantizer<QuantSpec<4, Asymmetric, PerTensor>>());
  return schemes;
}

// encode and dequantize with parameters that are known beforehand, groups of any length.
TEST(CudaEncode, GivenParametersGiveTheBitsOfTheCpu) {
  for (const std::int64_t group : {2, 10, 40}) {
    for (const Scheme& scheme : all_schemes(group)) {
      const Matrix<float> x = testing::gaussian<float>(8, 3, 40, 1);
      const Outcome expected = by_cpu(scheme, x);
      Outcome outcome(groups_of(scheme, x), x.rows, x.cols);
      outcome.params = expected.params;
      const Elements elements =
          plan_elements(group_layout(scheme.grouping, x.rows, x.cols), x.rows, x.cols);
      EncodeJob<float> job{x.device(),        elements,
                           scheme.grid,       expected.params.data(),
                           bytes_of(outcome), outcome.values.device()};
      testing::run_everywhere(
          {1, 64}, [] {},
          [&](auto& team) {
            encode_body(team, job);
            EncodeJob<float> packed = job;
            packed.codes = nibbles_of(outcome);
            if (fits_nibbles(scheme)) encode_body(team, packed);
          },
          [&] { expect_equal(outcome, expected, scheme); });
    }
  }
}

CodeMatrix<const std::uint8_t> readable(const CodeMatrix<std::uint8_t>& codes) {
  return {codes.data, codes.stride, codes.storage};
}

TEST(CudaDequantize, GivesTheValuesOfFakeQuantize) {
  for (const Scheme& scheme : all_schemes(10)) {
    const Matrix<float> x = testing::gaussian<float>(8, 3, 40);
    Outcome expected = by_cpu(scheme, x);
    const Elements elements =
        plan_elements(group_layout(scheme.grouping, x.rows, x.cols), x.rows, x.cols);
    for (const CodeMatrix<std::uint8_t>& codes : {bytes_of(expected), nibbles_of(expected)}) {
      if (codes.storage == CodeStorage::kNibbles && !fits_nibbles(scheme)) continue;
      Matrix<float> y(x.rows, x.cols);
      const DequantizeJob<float> job{readable(codes), elements, scheme.grid, expected.params.data(),
                                     y.device()};
      testing::run_everywhere(
          {1, 64}, [&] { y.values.assign(y.values.size(), 5.0f); },
          [&](auto& team) { dequantize_body(team, job); },
          [&] { EXPECT_EQ(different(y.values, expected.values.values), 0); });
    }
  }
}

// The word that check_finite() reads: the first value in row-major order, and which one it is.
TEST(CudaQuantize, TheFirstValueWithoutACodeIsReported) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  const Quantizer<QuantSpec<4, Asymmetric, PerRow>> a4;
  for (const float bad : {kInf, -kInf, std::numeric_limits<float>::quiet_NaN()}) {
    Matrix<float> x = testing::gaussian<float>(8, 5, 40);
    x.host().row(2)[21] = bad;
    x.host().row(2)[30] = kInf;
    x.host().row(4)[3] = -kInf;
    const GroupLayout layout = group_layout(a4.scheme().grouping, x.rows, x.cols);
    const GroupPlan plan = plan_groups(x.rows, x.cols, layout, {});
    std::uint64_t found = kAllFinite;
    const QuantizeJob<float> job{x.device(), plan.grouped, {}, a4.scheme().grid,
                                 &found,     nullptr,      {}, {}};
    testing::run_everywhere(
        {plan.grouped.lines.tiles(), plan.grouped.lines.block()}, [&] { found = kAllFinite; },
        [&](auto& team) { quantize_body<4>(team, job); },
        [&] {
          EXPECT_EQ(NonFinite(found).index(), 2 * 40 + 21);
          EXPECT_EQ(std::isnan(NonFinite(found).value()), std::isnan(bad));
          if (!std::isnan(bad)) {
            EXPECT_EQ(NonFinite(found).value(), bad);
          }
        });
  }
}

}  // namespace
}  // namespace roste::cuda
