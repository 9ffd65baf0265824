// The sums of core/base_product.h are the product with the base, and its transpose, in the order
// that the header states.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "roste/core/base_product.h"
#include "roste/core/rotation.h"

namespace roste {
namespace {

TEST(GroupedProduct, GoldenTerms) {
  EXPECT_EQ(group_term(1, 1, 1, 1).bits, 0);
  EXPECT_EQ(group_term(-1, -1, -1, -1).bits, 8);
  EXPECT_EQ(group_term(1, -1, 1, 1).bits, 2);     // p1 + q0
  EXPECT_EQ(group_term(1, 1, -1, -1).bits, 1);    // p0 - q0
  EXPECT_EQ(group_term(1, 1, 1, -1).bits, 4);     // p0 + q1
  EXPECT_EQ(group_term(-1, 1, -1, 1).bits, 14);   // -(p1 + q1)
  EXPECT_EQ(group_term(-1, -1, 1, -1).bits, 13);  // -(p0 - q1)
}

TEST(GroupedProduct, EveryTermIsItsSignedSum) {
  const int x[4] = {1, 10, 100, 1000};
  int sums[kGroupSums];
  group_sums(x[0], x[1], x[2], x[3], sums);
  for (int signs = 0; signs < 16; ++signs) {
    int s[4];
    for (int i = 0; i < 4; ++i) s[i] = (signs >> i & 1) != 0 ? -1 : 1;
    const GroupTerm term = group_term(s[0], s[1], s[2], s[3]);
    const int value = (term.negative() != 0 ? -1 : 1) * sums[term.index()];
    EXPECT_EQ(value, s[0] * x[0] + s[1] * x[1] + s[2] * x[2] + s[3] * x[3]) << signs;
  }
}

// What field_pairs.h says, by its definition.
TEST(FieldPairs, EachElementUpToItsSignBesideItsMultiple) {
  for (const int q : {5, 9, 13, 17, 25, 37, 49, 73, 81}) {
    const GaloisField field(q);
    const std::vector<int> elements = detail::field_pairs(field);
    ASSERT_EQ(elements.size(), static_cast<std::size_t>(q - 1) / 2);
    std::vector<int> seen(static_cast<std::size_t>(q), 0);
    const int ratio = detail::neighbour_ratio(field);
    for (std::size_t i = 0; i < elements.size(); i += 2) {
      EXPECT_EQ(elements[i + 1], detail::up_to_sign(field, field.multiply(ratio, elements[i])));
      if (i > 0) {
        EXPECT_LT(elements[i - 2], elements[i]) << q;
      }
      for (const int x : {elements[i], elements[i + 1]}) {
        ++seen[static_cast<std::size_t>(x)];
        ++seen[static_cast<std::size_t>(field.subtract(0, x))];
      }
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), q - 1) << "each once";
    EXPECT_EQ(seen[0], 0);
  }
}

TEST(FieldPairs, Golden) {
  EXPECT_EQ(detail::field_pairs(GaloisField(5)), (std::vector<int>{1, 2}));
  EXPECT_EQ(detail::field_pairs(GaloisField(13)), (std::vector<int>{1, 2, 3, 6, 4, 5}));
  EXPECT_EQ(detail::neighbour_ratio(GaloisField(37)), 8);
  EXPECT_EQ(detail::neighbour_ratio(GaloisField(73)), 10);
}

// Which rows and columns of C the blocks of a quad belong to; order 12 is made of GF(5).
TEST(FoldedProduct, GoldenBlocks) {
  EXPECT_EQ(folded_product(detail::paley_second(12)).blocks, (std::vector<int>{0, 2, 4, 10, 6, 8}));
}

// The terms are what the time goes into: 7.4 and 14.2 with neighbours taken as they come.
TEST(FoldedProduct, TermsOfARow) {
  const auto terms_per_row = [](int order) {
    const FoldedProduct p = folded_product(detail::base_matrix(order));
    const auto zero = [&](PairTerm t) { return t.index() == p.zero_sum(); };
    const std::ptrdiff_t fill = std::count_if(p.terms.begin(), p.terms.end(), zero);
    return static_cast<double>(static_cast<std::ptrdiff_t>(p.terms.size()) - fill) /
           (2.0 * p.quads);
  };
  EXPECT_NEAR(terms_per_row(76), 6.92, 0.01);
  EXPECT_NEAR(terms_per_row(148), 13.41, 0.01);
}

// grouped_product.h word by word, in integers.
std::vector<int> product(const GroupedProduct& p, const std::vector<int>& x) {
  std::vector<int> y;
  for (int row = 0; row < p.order; ++row) {
    int sum = 0;
    for (int g = 0; g < p.groups; ++g) {
      const int* b = x.data() + g * kGroupBlocks;
      int sums[kGroupSums];
      group_sums(b[0], b[1], b[2], b[3], sums);
      const GroupTerm term = p.terms[static_cast<std::size_t>(row * p.groups + g)];
      EXPECT_EQ(p.terms_by_group[static_cast<std::size_t>(g * p.stride() + row)].bits, term.bits);
      sum += term.negative() != 0 ? -sums[term.index()] : sums[term.index()];
    }
    y.push_back(sum);
  }
  return y;
}

// folded_product.h word by word, in integers: from the factors, and from the terms.
struct FoldedValues {
  std::vector<int> even, odd;  // of pairs a, b in turn; the odd ones begin with two unused zeros
};
FoldedValues folded(const FoldedProduct& p, const std::vector<int>& x, int part) {
  const auto value = [&](int quad, int half) {
    const int* b = x.data() + p.blocks[static_cast<std::size_t>(2 * quad + half)];
    return part == 0 ? b[0] + b[1] : b[0] - b[1];
  };
  FoldedValues f{{value(0, 0), value(0, 1)}, {0, 0}};
  for (int quad = 1; quad < p.quads; ++quad) {
    f.even.push_back(value(quad, 0) + value(quad, 1));
    f.odd.push_back(value(quad, 0) - value(quad, 1));
  }
  return f;
}

int row_by_factors(const FoldedProduct& p, const FoldedValues& f, int quad, int row) {
  const std::vector<int>& values = row == 0 || quad == 0 ? f.even : f.odd;
  int sum = 0;
  for (int pair = 0; pair < p.even_pairs(); ++pair) {
    const PairFactors& factors = p.factors[static_cast<std::size_t>(quad * p.even_pairs() + pair)];
    const std::size_t a = 2 * static_cast<std::size_t>(pair);
    sum += (row == 0 ? factors.even_a : factors.odd_a) * values[a] +
           (row == 0 ? factors.even_b : factors.odd_b) * values[a + 1];
  }
  return sum;
}

int sum_at(const FoldedProduct& p, const FoldedValues& f, int index) {
  if (index == p.zero_sum()) return 0;
  const int evens = p.even_pairs() * kPairSums;
  const std::vector<int>& values = index < evens ? f.even : f.odd;
  const int pair = index < evens ? index / kPairSums : (index - evens) / kPairSums + 1;
  const int a = values[2 * static_cast<std::size_t>(pair)];
  const int b = values[2 * static_cast<std::size_t>(pair) + 1];
  const int sums[kPairSums] = {a, b, a + b, a - b};
  return sums[index % kPairSums];
}

int row_by_terms(const FoldedProduct& p, const FoldedValues& f, std::size_t first, int length) {
  int sum = 0;
  for (int n = 0; n < length; ++n) {
    const PairTerm term = p.terms[first + 2 * static_cast<std::size_t>(n)];
    sum += (term.negative() != 0 ? -1 : 1) * sum_at(p, f, term.index());
  }
  return sum;
}

std::vector<int> product(const FoldedProduct& p, const std::vector<int>& x) {
  std::vector<int> y(x.size());
  for (int part = 0; part < 2; ++part) {
    const FoldedValues f = folded(p, x, part), u = folded(p, x, 0), v = folded(p, x, 1);
    std::size_t term = 0;
    for (int quad = 0; quad < p.quads; ++quad) {
      const int length = p.lengths[static_cast<std::size_t>(quad)];
      int rows[2];
      for (int row = 0; row < 2; ++row) {
        const std::size_t first = term + static_cast<std::size_t>(row);
        const int sum = row_by_terms(p, f, first, length);
        EXPECT_EQ(sum, row_by_factors(p, f, quad, row)) << quad << " " << row;
        const int own = row == 0 ? p.own_even(quad) : p.own_odd(quad);
        const int own_u = sum_at(p, u, own), own_v = sum_at(p, v, own);
        const int times = quad == 0 ? 2 : 1;
        rows[row] = 2 * sum + times * (part == 0 ? own_u + own_v : own_v - own_u);
      }
      term += 2 * static_cast<std::size_t>(length);
      const int* to = p.blocks.data() + 2 * quad;
      y[static_cast<std::size_t>(to[0] + part)] = quad == 0 ? rows[0] : rows[0] + rows[1];
      y[static_cast<std::size_t>(to[1] + part)] = quad == 0 ? rows[1] : rows[0] - rows[1];
    }
    EXPECT_EQ(term, p.terms.size());
  }
  return y;
}

TEST(BaseProduct, IsTheProductWithTheBaseOfEveryKind) {
  for (const int order : {4, 12, 20, 28, 36, 52, 60, 76, 92, 100, 116, 148, 156, 172, 340, 344}) {
    ASSERT_NE(base_kind(order), BaseKind::kNone) << order;
    const SignMatrix h = detail::base_matrix(order);
    std::vector<int> x;
    for (int i = 0; i < order; ++i) x.push_back(i * i % 101 - 50);
    for (const Side side : {Side::kPlain, Side::kTransposed}) {
      const BaseProduct base = base_product(h, side);
      const std::vector<int> y =
          base.is_folded() ? product(base.folded, x) : product(base.grouped, x);
      for (int i = 0; i < order; ++i) {
        int expected = 0;
        for (int j = 0; j < order; ++j) {
          expected +=
              (side == Side::kPlain ? h.at(i, j) : h.at(j, i)) * x[static_cast<std::size_t>(j)];
        }
        ASSERT_EQ(y[static_cast<std::size_t>(i)], base.multiple() * expected)
            << order << " row " << i;
      }
    }
  }
}

TEST(BaseProduct, OnlyPaleysSecondKindIsFolded) {
  EXPECT_TRUE(base_product(detail::base_matrix(76), Side::kPlain).is_folded());
  EXPECT_FALSE(base_product(detail::base_matrix(28), Side::kPlain).is_folded());
  EXPECT_FALSE(base_product(detail::base_matrix(92), Side::kPlain).is_folded());
  EXPECT_EQ(base_product({1, {1}}, Side::kPlain).sums(), 0);
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
