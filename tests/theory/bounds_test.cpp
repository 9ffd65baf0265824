// The formulas of section 4 on numbers that can be worked out by hand.
#include "examples/least_squares/bounds.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace least_squares {
namespace {

TEST(Bounds, Theorem43AsPrinted) {
  const std::vector<double> errors = {1, 2, 4};
  const std::vector<double> bound = theorem_bound(0.5, 8, errors);
  ASSERT_EQ(bound.size(), 2u);
  EXPECT_DOUBLE_EQ(bound[0], 0.5 * 8 + 10 * (1 + 2 * 2));             // exponents 0, -1
  EXPECT_DOUBLE_EQ(bound[1], 0.25 * 8 + 10 * (0.5 * 1 + 2 + 2 * 4));  // exponents 1, 0, -1
}

TEST(Bounds, ProofIsTighterThanTheTheorem) {
  const std::vector<double> errors = {1, 2, 4};
  const std::vector<double> proof = proof_bound(0.5, 8, errors);
  ASSERT_EQ(proof.size(), 2u);
  EXPECT_DOUBLE_EQ(proof[0], 0.5 * 8 + 5 * (1 + 2));
  EXPECT_DOUBLE_EQ(proof[1], 0.5 * 19 + 5 * (2 + 4));
  const std::vector<double> bound = theorem_bound(0.5, 8, errors);
  for (std::size_t t = 0; t < bound.size(); ++t) EXPECT_LE(proof[t], bound[t]) << t;
}

TEST(Bounds, NoErrorLeavesTheContraction) {
  const std::vector<double> bound = theorem_bound(0.25, 16, std::vector<double>(4, 0.0));
  EXPECT_EQ(bound, (std::vector<double>{12, 9, 6.75}));
}

TEST(Bounds, StepSizeAndContraction) {
  EXPECT_DOUBLE_EQ(theorem_step_size(3, 4), 0.125);
  EXPECT_DOUBLE_EQ(contraction(6, 4), 0.75);
}

TEST(Bounds, Equation20) {
  EXPECT_DOUBLE_EQ(unrotated_error_bound(4, 16, 7), 16 * 49.0 / (4 * 49));
  EXPECT_DOUBLE_EQ(unrotated_error_bound(2, 3, 2), 3);         // q = 1
  EXPECT_DOUBLE_EQ(unrotated_error_bound(16, 4, 32767.0), 1);  // q = 32767
}

TEST(Bounds, Equation21) {
  EXPECT_NEAR(rotated_error_bound(4, 16, 0.64, 98), std::log(100.0), 1e-12);  // 4 16 / 0.64 = 100
}

TEST(Bounds, CoordinatesAfterRotation) {
  EXPECT_NEAR(coordinate_bound(8, 0.16), std::sqrt(std::log(100.0) / 4), 1e-12);  // 2 8 / 0.16
}

TEST(Bounds, Equation22) {
  EXPECT_FALSE(equation_22(16, 0.64, 2, 1).rotation_wins());   // log 100 = 4.605 > 4
  EXPECT_TRUE(equation_22(16, 0.64, 2, 1.1).rotation_wins());  // 4.605 <= 4.84
  // Both sides are the bounds of Proposition 4.4 times q^2, whatever the bits.
  const WorstCases sides = equation_22(64, 0.05, 3, 0.7);
  const double q = largest_code(5);
  EXPECT_NEAR(sides.rotated, rotated_error_bound(5, 64, 0.05, 3) * q * q, 1e-12);
  EXPECT_NEAR(sides.unrotated, unrotated_error_bound(5, 64, 0.7) * q * q, 1e-12);
}

}  // namespace
}  // namespace least_squares
