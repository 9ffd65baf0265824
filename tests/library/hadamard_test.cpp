#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "roste/core/hadamard.h"

namespace roste {
namespace {

bool is_hadamard(const SignMatrix& h) {
  for (int i = 0; i < h.order; ++i) {
    for (int j = 0; j <= i; ++j) {
      int dot = 0;
      for (int k = 0; k < h.order; ++k) dot += h.at(i, k) * h.at(j, k);
      if (dot != (i == j ? h.order : 0)) return false;
    }
  }
  return true;
}

std::vector<int> constructible_orders(int up_to) {
  std::vector<int> orders;
  for (int order = 1; order <= up_to; ++order) {
    if (hadamard_factorization(order).blocks == 1) orders.push_back(order);
  }
  return orders;
}

// All multiples of 4 up to 256 but 188 and 236: neither order less 1 nor half of it less 1 is a
// prime power of the right kind, and Williamson matrices of 47 and 59 do not exist (Holzmann,
// Kharaghani, Tayfeh-Rezaie, 2008).
TEST(Hadamard, OrderList) {
  std::vector<int> expected = {1, 2};
  for (int order = 4; order <= 256; order += 4) {
    if (order != 188 && order != 236) expected.push_back(order);
  }
  EXPECT_EQ(constructible_orders(256), expected);
}

TEST(Hadamard, RO02_EveryConstructibleOrderIsOrthogonalInIntegers) {
  for (const int order : constructible_orders(256)) {
    const SignMatrix h = hadamard_matrix(order);
    EXPECT_EQ(h.entries.size(), static_cast<std::size_t>(order) * static_cast<std::size_t>(order));
    EXPECT_TRUE(is_hadamard(h)) << order;
  }
}

TEST(Hadamard, SecondPaleyOverAPrimePowerAndLargeFirstPaley) {
  EXPECT_EQ(base_kind(52), BaseKind::kPaleySecond);  // q = 25
  EXPECT_EQ(base_kind(28), BaseKind::kPaleyFirst);   // q = 27
  EXPECT_EQ(base_kind(344), BaseKind::kPaleyFirst);  // q = 343
  EXPECT_TRUE(is_hadamard(hadamard_matrix(344)));
}

TEST(Hadamard, WilliamsonFillsFourOrders) {
  for (const int order : {92, 116, 156, 172}) {
    EXPECT_EQ(base_kind(order), BaseKind::kWilliamson) << order;
    EXPECT_EQ(hadamard_factorization(order).base_order, order);
    EXPECT_TRUE(is_hadamard(hadamard_matrix(order))) << order;
    EXPECT_EQ(hadamard_factorization(16 * order).base_order, order);
  }
  EXPECT_TRUE(is_hadamard(hadamard_matrix(2 * 116)));
}

// The circulants themselves: symmetric, and their squares add up to 4 n I.
TEST(Hadamard, WilliamsonRowsAreFourSquares) {
  for (const WilliamsonRows& rows : kWilliamsonRows) {
    for (int shift = 0; shift < rows.n; ++shift) {
      int sum = 0;
      for (int which = 0; which < 4; ++which) {
        for (int j = 0; j < rows.n; ++j) {
          EXPECT_EQ(rows.at(which, 0, j), rows.at(which, j, 0));
          EXPECT_EQ(rows.at(which, shift, (j + shift) % rows.n), rows.at(which, 0, j));
          sum += rows.at(which, 0, j) * rows.at(which, shift, j);
        }
      }
      EXPECT_EQ(sum, shift == 0 ? 4 * rows.n : 0) << rows.n << " " << shift;
    }
  }
}

TEST(Hadamard, RO06_OrderTwelveIsNotSymmetric) {
  const SignMatrix h = hadamard_matrix(12);
  int differing = 0;
  for (int i = 0; i < 12; ++i) {
    for (int j = 0; j < 12; ++j) differing += h.at(i, j) != h.at(j, i) ? 1 : 0;
  }
  EXPECT_EQ(differing, 132);  // all but the diagonal: I + C with C skew
}

TEST(Hadamard, GoldenSylvester) {
  const SignMatrix h = hadamard_matrix(4);
  EXPECT_EQ(h.entries,
            (std::vector<std::int8_t>{1, 1, 1, 1, 1, -1, 1, -1, 1, 1, -1, -1, 1, -1, -1, 1}));
}

struct Case {
  std::int64_t d;
  int base;
  int log2;
  std::int64_t blocks;
};

// FNV-1a over the entries, a byte each: 1 for +1, 0 for -1.
std::uint64_t fingerprint(const SignMatrix& h) {
  std::uint64_t hash = 14695981039346656037u;
  for (const std::int8_t entry : h.entries) {
    hash = (hash ^ static_cast<std::uint64_t>(entry > 0)) * 1099511628211u;
  }
  return hash;
}

// Files name a rotation by its dimension and seed, so that another matrix would read them wrongly:
// these may never change. One order of each kind, over primes and a prime power.
TEST(Hadamard, GoldenMatrices) {
  EXPECT_EQ(fingerprint(hadamard_matrix(12)), 12443738762230410401u);
  EXPECT_EQ(fingerprint(hadamard_matrix(28)), 9838620577390278705u);
  EXPECT_EQ(fingerprint(hadamard_matrix(36)), 4699360809459536533u);
  EXPECT_EQ(fingerprint(hadamard_matrix(52)), 14062013587675379669u);
  EXPECT_EQ(fingerprint(hadamard_matrix(76)), 10177605241519033397u);
  EXPECT_EQ(fingerprint(hadamard_matrix(148)), 17130625420475839829u);
  EXPECT_EQ(fingerprint(hadamard_matrix(92)), 9403164934691845801u);
  EXPECT_EQ(fingerprint(hadamard_matrix(172)), 18217645913340814393u);
}

TEST(Hadamard, FactorizationOfModelDimensions) {
  for (const Case& c :
       {Case{1, 1, 0, 1}, Case{4096, 1, 12, 1}, Case{896, 28, 5, 1}, Case{4864, 76, 6, 1},
        Case{18944, 148, 7, 1}, Case{14336, 28, 9, 1}, Case{384, 12, 5, 1}, Case{1792, 28, 6, 1},
        Case{11008, 172, 6, 1}, Case{172, 172, 0, 1}, Case{188, 1, 2, 47}, Case{7, 1, 0, 7}}) {
    const HadamardFactorization f = hadamard_factorization(c.d);
    EXPECT_EQ(f.base_order, c.base) << c.d;
    EXPECT_EQ(f.log2_count, c.log2) << c.d;
    EXPECT_EQ(f.blocks, c.blocks) << c.d;
  }
}

TEST(Hadamard, OrdersThatAreNotConstructed) {
  for (const int order : {-4, 0, 3, 7, 188, 236}) {
    EXPECT_THROW(hadamard_matrix(order), std::invalid_argument) << order;
  }
}

TEST(GaloisField, GoldenFieldOfNine) {
  const GaloisField f(9);          // modulo x^2 + 1
  EXPECT_EQ(f.multiply(3, 3), 2);  // x x = -1
  EXPECT_EQ(f.subtract(1, 5), 8);  // 1 - (x + 2) = -x - 1 = 2 x + 2
  EXPECT_EQ(f.character(0), 0);
}

TEST(GaloisField, EveryProductAndCharacter) {
  for (const int q : {2, 3, 4, 5, 8, 9, 25, 27, 49}) {
    const GaloisField f(q);
    int sum = 0;
    for (int a = 1; a < q; ++a) {
      sum += f.character(a);
      std::vector<bool> seen(static_cast<std::size_t>(q), false);
      for (int b = 1; b < q; ++b) seen[static_cast<std::size_t>(f.multiply(a, b))] = true;
      for (int b = 1; b < q; ++b) EXPECT_TRUE(seen[static_cast<std::size_t>(b)]) << q;
      EXPECT_EQ(f.subtract(a, a), 0);
    }
    if (q % 2 == 1) {
      EXPECT_EQ(sum, 0) << "half of the elements of GF(" << q << ") are squares";
    }
  }
  EXPECT_THROW(GaloisField(12), std::invalid_argument);
  EXPECT_EQ(prime_power(1).degree, 0);
  EXPECT_EQ(prime_power(343).degree, 3);
}

}  // namespace
}  // namespace roste
