// Straight-through gradients against their stated rules, eqs. (6) and (15); finite differences of a
// quantizer would only show its steps.
#include <gtest/gtest.h>

#include <vector>

#include "roste/roste.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::MatrixView;
using testing::gaussian;

TEST(Ste, IdentityRuleIgnoresTheRange) {  // eq. (6)
  const GroupParams p{0.5f, 0};
  for (const float x : {-100.0f, 0.0f, 100.0f}) {
    EXPECT_EQ(ste_gradient<StraightThrough>(x, p, {-8, 7}, 2.5f), 2.5f);
  }
}

TEST(Ste, P26_ClippedRuleIsZeroWhereTheCodeSaturates) {
  const GroupParams p{0.5f, 0};  // representable: -4 ... 3.5, codes of up to half a step beyond
  for (const float inside : {-4.0f, -4.2f, -1.0f, 0.0f, 3.5f, 3.7f}) {
    EXPECT_EQ(ste_gradient<ClippedStraightThrough>(inside, p, {-8, 7}, 2.5f), 2.5f) << inside;
  }
  for (const float outside : {-4.3f, 3.8f, 50.0f, -50.0f}) {
    EXPECT_EQ(ste_gradient<ClippedStraightThrough>(outside, p, {-8, 7}, 2.5f), 0.0f) << outside;
  }
}

TEST(Ste, ClippedRuleUsesTheZeroPoint) {
  const GroupParams p{1.0f, 15};  // representable: -15 ... 0
  EXPECT_EQ(ste_gradient<ClippedStraightThrough>(-15.0f, p, {0, 15}, 1.0f), 1.0f);
  EXPECT_EQ(ste_gradient<ClippedStraightThrough>(1.0f, p, {0, 15}, 1.0f), 0.0f);
}

TEST(Backward, IdentityCopiesTheGradient) {
  const std::vector<float> x = gaussian(1, 24), dy = gaussian(2, 24);
  std::vector<float> dx(24);
  cpu::fake_quantize_backward(
      Quantizer<QuantSpec<4, Symmetric, PerRow>>(0.3f), MatrixView<const float>(x.data(), 2, 12),
      MatrixView<const float>(dy.data(), 2, 12), MatrixView<float>(dx.data(), 2, 12));
  EXPECT_EQ(dx, dy);
}

TEST(Backward, ClippedMasksExactlyTheSaturatedValues) {
  const std::vector<float> x = gaussian(1, 24), dy(24, 1.0f);
  std::vector<float> dx(24);
  const Quantizer<QuantSpec<4, Symmetric, PerRow>> q(0.4f);
  const MatrixView<const float> view(x.data(), 2, 12);
  cpu::fake_quantize_backward<ClippedStraightThrough>(
      q, view, MatrixView<const float>(dy.data(), 2, 12), MatrixView<float>(dx.data(), 2, 12));
  std::int64_t masked = 0;
  for (const float v : dx) masked += v == 0.0f ? 1 : 0;
  EXPECT_GT(masked, 0);
  EXPECT_EQ(masked, cpu::measure(q, view).saturated);
}

TEST(Backward, Equation15RotatesTheGradientBack) {
  const std::int64_t d = 12;  // H and H^T differ
  const Rotation rotation = Rotation::hadamard(d, 3);
  std::vector<float> x = gaussian(1, d), dx(12);
  const std::vector<float> dy = gaussian(2, d);
  cpu::rotate_rows(rotation, MatrixView<float>(x));
  cpu::rotated_fake_quantize_backward(rotation, Quantizer<QuantSpec<4, Symmetric, PerRow>>(),
                                      MatrixView<const float>(x), MatrixView<const float>(dy),
                                      MatrixView<float>(dx));
  const SignMatrix h = hadamard_matrix(12);
  for (int j = 0; j < 12; ++j) {  // dx_j = r_j sum_i dy_i H_ij / sqrt(d)
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += double{dy[static_cast<std::size_t>(i)]} * h.at(i, j);
    EXPECT_NEAR(dx[static_cast<std::size_t>(j)], rotation.sign(j) * sum / std::sqrt(12.0), 1e-6);
  }
}

TEST(Backward, ShapesThatDiffer) {
  const Quantizer<QuantSpec<4, Symmetric, PerRow>> q;
  std::vector<float> longer(12), shorter(8);
  const MatrixView<float> twelve(longer), eight(shorter);
  EXPECT_THROW(cpu::fake_quantize_backward(q, twelve, eight, eight), std::invalid_argument);
  EXPECT_THROW(cpu::fake_quantize_backward(q, twelve, twelve, eight), std::invalid_argument);
}

}  // namespace
}  // namespace roste
