// Straight-through gradients of the kernels against roste::cpu, bit for bit.
#include <gtest/gtest.h>

#include <span>
#include <vector>

#include "roste/cpu/backward.h"
#include "roste/cpu/quantize.h"
#include "roste/cuda/body/backward.h"
#include "roste/cuda/plan.h"
#include "tests/cuda/matrices.h"
#include "tests/cuda/teams.h"

namespace roste::cuda {
namespace {

using testing::different;
using testing::Matrix;

std::vector<Scheme> clipped_schemes(std::int64_t group) {
  return {Quantizer<QuantSpec<4, Asymmetric, PerTensor>>(0.5f),
          Quantizer<QuantSpec<4, Symmetric, PerRow>>(0.4f),
          Quantizer<QuantSpec<2, Asymmetric, PerGroup<kDynamic>>>(group, 0.5f)};
}

std::vector<GroupParams> fitted(const Scheme& scheme, const Matrix<float>& x) {
  std::vector<GroupParams> params(
      static_cast<std::size_t>(group_layout(scheme.grouping, x.rows, x.cols).count));
  cpu::fit(scheme, x.host(), std::span<GroupParams>(params));
  return params;
}

template <SteRule Rule>
void expect_same_as_cpu(const Scheme& scheme, const Matrix<float>& x, const Matrix<float>& dy) {
  const std::vector<GroupParams> params = fitted(scheme, x);
  Matrix<float> expected(x.rows, x.cols), dx(x.rows, x.cols);
  cpu::fake_quantize_backward<Rule>(scheme, x.host(), dy.host(), expected.host());
  const Elements elements =
      plan_elements(group_layout(scheme.grouping, x.rows, x.cols), x.rows, x.cols);
  const SteJob<float> job{x.device(),  dy.device(),   elements,
                          scheme.grid, params.data(), dx.device()};
  testing::run_everywhere(
      {2, 32}, [&] { dx.values.assign(dx.values.size(), 3.0f); },
      [&](auto& team) { ste_body<Rule>(team, job); },
      [&] { EXPECT_EQ(different(dx.values, expected.values), 0); });
}

TEST(CudaBackward, BothRulesGiveTheBitsOfTheCpu) {
  const Matrix<float> x = testing::gaussian<float>(1, 4, 70),
                      dy = testing::gaussian<float>(2, 4, 70);
  for (const Scheme& scheme : clipped_schemes(7)) {
    expect_same_as_cpu<StraightThrough>(scheme, x, dy);
    expect_same_as_cpu<ClippedStraightThrough>(scheme, x, dy);
  }
}

template <SteRule Rule>
void expect_same_as_cpu(const Rotation& rotation, const Scheme& scheme, const Matrix<float>& x,
                        const Matrix<float>& dy) {
  const std::vector<GroupParams> params = fitted(scheme, x);
  Matrix<float> expected(x.rows, x.cols), dx(x.rows, x.cols);
  cpu::rotated_fake_quantize_backward<Rule>(rotation, scheme, x.host(), dy.host(), expected.host());
  const RotationTables tables(rotation, Side::kTransposed);
  const RotationView view = tables.host_view();
  const Elements elements =
      plan_elements(group_layout(scheme.grouping, x.rows, x.cols), x.rows, x.cols);
  with_values(log2_values(view, rotation_block(view)), [&](auto log2) {
    const Lines lines = plan_lines(x.rows, x.cols, rotation_block(view), 1 << log2());
    const RotatedSteJob<float> job{
        {x.device(), dy.device(), elements, scheme.grid, params.data(), dx.device()}, lines, view};
    testing::run_everywhere(
        {lines.tiles(), lines.block()}, [&] { dx.values.assign(dx.values.size(), 3.0f); },
        [&](auto& team) { rotated_ste_body<Rule, log2()>(team, job); },
        [&] { EXPECT_EQ(different(dx.values, expected.values), 0); });
  });
}

TEST(CudaBackward, ThroughARotationInOnePass) {
  for (const std::int64_t d : {64, 80, 896, 18944}) {
    const std::int64_t rows = d > 1000 ? 1 : 3;
    const Matrix<float> x = testing::gaussian<float>(1, rows, 2 * d);
    const Matrix<float> dy = testing::gaussian<float>(2, rows, 2 * d);
    const Rotation rotation = Rotation::hadamard(d, 4);
    for (const Scheme& scheme : clipped_schemes(d / 16)) {
      expect_same_as_cpu<StraightThrough>(rotation, scheme, x, dy);
      expect_same_as_cpu<ClippedStraightThrough>(rotation, scheme, x, dy);
    }
  }
}

}  // namespace
}  // namespace roste::cuda
