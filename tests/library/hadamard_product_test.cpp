// The sums of core/base_product.h are the product with the base, and its transpose, in the order
// that the header states.
#include <gtest/gtest.h>

#include <vector>

#include "roste/core/base_product.h"
#include "roste/core/rotation.h"

namespace roste {
namespace {

TEST(BaseProduct, GoldenTerms) {
  EXPECT_EQ(base_term(1, 1, 1, 1).bits, 0);
  EXPECT_EQ(base_term(-1, -1, -1, -1).bits, 8);
  EXPECT_EQ(base_term(1, -1, 1, 1).bits, 2);     // p1 + q0
  EXPECT_EQ(base_term(1, 1, -1, -1).bits, 1);    // p0 - q0
  EXPECT_EQ(base_term(1, 1, 1, -1).bits, 4);     // p0 + q1
  EXPECT_EQ(base_term(-1, 1, -1, 1).bits, 14);   // -(p1 + q1)
  EXPECT_EQ(base_term(-1, -1, 1, -1).bits, 13);  // -(p0 - q1)
}

TEST(BaseProduct, EveryTermIsItsSignedSum) {
  const int x[4] = {1, 10, 100, 1000};
  int sums[kGroupSums];
  group_sums(x[0], x[1], x[2], x[3], sums);
  for (int signs = 0; signs < 16; ++signs) {
    int s[4];
    for (int i = 0; i < 4; ++i) s[i] = (signs >> i & 1) != 0 ? -1 : 1;
    const BaseTerm term = base_term(s[0], s[1], s[2], s[3]);
    const int value = (term.negative() != 0 ? -1 : 1) * sums[term.index()];
    EXPECT_EQ(value, s[0] * x[0] + s[1] * x[1] + s[2] * x[2] + s[3] * x[3]) << signs;
  }
}

// base_product.h word by word, in integers.
std::vector<int> product(const BaseProduct& p, const std::vector<int>& x) {
  std::vector<int> y(x.size());
  for (int part = 0; part < p.width; ++part) {
    std::vector<int> in(static_cast<std::size_t>(p.groups * kGroupBlocks), 0);
    for (int j = 0; j < p.columns; ++j) {
      const int* pair = x.data() + j * p.width;
      in[static_cast<std::size_t>(j)] =
          !p.paired() ? pair[0] : (part == 0 ? pair[0] + pair[1] : pair[0] - pair[1]);
    }
    for (int row = 0; row < p.columns; ++row) {
      int sum = 0;
      for (int g = 0; g < p.groups; ++g) {
        const int* b = in.data() + g * kGroupBlocks;
        int sums[kGroupSums];
        group_sums(b[0], b[1], b[2], b[3], sums);
        const BaseTerm term = p.terms[static_cast<std::size_t>(row * p.groups + g)];
        sum += term.negative() != 0 ? -sums[term.index()] : sums[term.index()];
      }
      const std::size_t at = static_cast<std::size_t>(row * p.width + part);
      if (p.paired()) sum += part == 0 ? 2 * x[at] : -2 * x[at];
      y[at] = sum;
    }
  }
  return y;
}

TEST(BaseProduct, IsTheProductWithTheBaseOfEveryKind) {
  for (const int order : {4, 12, 20, 28, 36, 52, 60, 76, 92, 100, 116, 148, 156, 172, 344}) {
    if (base_kind(order) == BaseKind::kNone) continue;
    const SignMatrix h = detail::base_matrix(order);
    std::vector<int> x;
    for (int i = 0; i < order; ++i) x.push_back(i * i % 101 - 50);
    for (const Side side : {Side::kPlain, Side::kTransposed}) {
      const std::vector<int> y = product(base_product(h, side), x);
      for (int i = 0; i < order; ++i) {
        int expected = 0;
        for (int j = 0; j < order; ++j) {
          expected +=
              (side == Side::kPlain ? h.at(i, j) : h.at(j, i)) * x[static_cast<std::size_t>(j)];
        }
        ASSERT_EQ(y[static_cast<std::size_t>(i)], expected) << order << " row " << i;
      }
    }
  }
}

TEST(BaseProduct, OnlyPaleysSecondKindIsPaired) {
  EXPECT_TRUE(base_product(detail::base_matrix(76), Side::kPlain).paired());
  EXPECT_FALSE(base_product(detail::base_matrix(28), Side::kPlain).paired());
  EXPECT_FALSE(base_product(detail::base_matrix(92), Side::kPlain).paired());
  EXPECT_EQ(base_product({1, {1}}, Side::kPlain).groups, 0);
}

TEST(RotationPlan, SignWordsRepeatTheSigns) {
  for (const std::int64_t d : {1, 3, 64, 96, 256, 300}) {
    const Rotation r = Rotation::hadamard(d, 9);
    ASSERT_GE(r.sign_words().size(), 4u);
    ASSERT_GE(static_cast<std::int64_t>(r.sign_words().size()) * 64, d + 64);
    for (std::int64_t i = 0; i < std::max<std::int64_t>(d, 256); ++i) {
      const bool minus = (r.sign_words()[static_cast<std::size_t>(i / 64)] >> (i % 64) & 1) != 0;
      ASSERT_EQ(minus, r.sign(i % d) < 0) << d << " " << i;
    }
  }
}

}  // namespace
}  // namespace roste
