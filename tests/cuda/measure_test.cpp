// The error sums of the kernels against those of roste::cpu, which adds in another order.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "roste/cpu/measure.h"
#include "roste/cpu/rotate.h"
#include "roste/cuda/body/elements.h"
#include "roste/cuda/body/measure.h"
#include "roste/cuda/plan.h"
#include "tests/cuda/matrices.h"
#include "tests/cuda/teams.h"

namespace roste::cuda {
namespace {

using testing::Matrix;

// Any order of n additions of positive numbers stays within n 2^-53 of the exact sum (to first
// order), so two orders lie within twice that; counts and extremes are equal.
void expect_close(const ErrorSums& sums, const ErrorSums& expected) {
  const double bound = 2.0 * static_cast<double>(expected.count) * 0x1p-53;
  EXPECT_NEAR(sums.squared_error, expected.squared_error, bound * expected.squared_error);
  EXPECT_NEAR(sums.squared_norm, expected.squared_norm, bound * expected.squared_norm);
  EXPECT_EQ(sums.count, expected.count);
  EXPECT_EQ(sums.saturated, expected.saturated);
  EXPECT_EQ(sums.min, expected.min);
  EXPECT_EQ(sums.max, expected.max);
}

// Folds parts as the launcher does, in smaller blocks.
ErrorSums folded(const std::vector<ErrorSums>& parts) {
  ErrorSums between[2], total;
  const MergeErrorsJob first{parts.data(), static_cast<std::int64_t>(parts.size()), between};
  const MergeErrorsJob second{between, 2, &total};
  testing::run<CheckedTeam>({2, 32}, ThreadOrder::kShuffled,
                            [&](auto& team) { merge_errors_body(team, first); });
  testing::run<CheckedTeam>({1, 32}, ThreadOrder::kShuffled,
                            [&](auto& team) { merge_errors_body(team, second); });
  return total;
}

bool same_bits(const ErrorSums& a, const ErrorSums& b) {
  return a.squared_error == b.squared_error && a.squared_norm == b.squared_norm;
}

void expect_lines(const Scheme& scheme, const RotationView& rotation, const Matrix<float>& x,
                  const ErrorSums& expected) {
  const GroupLayout layout = group_layout(scheme.grouping, x.rows, x.cols);
  const GroupPlan plan = plan_groups(x.rows, x.cols, layout, rotation);
  std::vector<ErrorSums> parts(static_cast<std::size_t>(plan.grouped.lines.tiles()));
  std::uint64_t first = kAllFinite;
  const MeasureJob<float> job{x.device(),  plan.grouped, rotation,
                              scheme.grid, &first,       parts.data()};
  std::vector<ErrorSums> runs;
  with_values(plan.log2_values, [&](auto log2) {
    testing::run_everywhere(
        {plan.grouped.lines.tiles(), plan.grouped.lines.block()},
        [&] { parts.assign(parts.size(), {}); },
        [&](auto& team) { measure_body<log2()>(team, job); },
        [&] {
          runs.push_back(folded(parts));
          expect_close(runs.back(), expected);
          EXPECT_TRUE(same_bits(runs.back(), runs.front()));
        });
  });
}

TEST(CudaMeasure, AgreesWithTheCpu) {
  for (const Scheme& scheme : testing::row_schemes(8)) {
    const Matrix<float> x = testing::gaussian<float>(1, 40, 48, 1);
    expect_lines(scheme, {}, x, cpu::measure(scheme, x.host()));
  }
}

TEST(CudaMeasure, RotatedRowsInOnePass) {
  const Rotation rotation = Rotation::hadamard(896, 2);
  const RotationTables tables(rotation, Side::kPlain);
  const Matrix<float> x = testing::gaussian<float>(1, 5, 896);
  Matrix<float> rotated = x;
  cpu::rotate_rows(rotation, rotated.host());
  for (const Scheme& scheme : testing::row_schemes(128)) {
    expect_lines(scheme, tables.host_view(), x, cpu::measure(scheme, rotated.host()));
  }
}

TEST(CudaMeasure, AnOutlierSaturatesUnderAClip) {
  const Quantizer<QuantSpec<4, Symmetric, PerRow>> s4(0.5f);
  Matrix<float> x = testing::gaussian<float>(1, 1, 32);
  x.values[9] = 1000.0f;
  expect_lines(s4, {}, x, cpu::measure(s4, x.host()));
  EXPECT_EQ(cpu::measure(s4, x.host()).saturated, 1);
}

TEST(CudaMeasure, GroupsLongerThanALine) {
  const Quantizer<QuantSpec<4, Asymmetric, PerTensor>> a4;
  const Matrix<float> x = testing::gaussian<float>(1, 7, 333, 4);
  std::vector<GroupParams> params(1);
  cpu::fit(a4, x.host(), std::span<GroupParams>(params));
  const Elements elements =
      plan_elements(group_layout(a4.scheme().grouping, x.rows, x.cols), x.rows, x.cols);
  std::vector<ErrorSums> parts(3);
  const MeasureElementsJob<float> job{x.device(), elements, a4.scheme().grid, params.data(),
                                      parts.data()};
  testing::run_everywhere(
      {3, 32}, [&] { parts.assign(3, {}); }, [&](auto& team) { measure_elements_body(team, job); },
      [&] { expect_close(folded(parts), cpu::measure(a4, x.host())); });
}

}  // namespace
}  // namespace roste::cuda
