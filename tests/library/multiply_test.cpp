// Integer products against the definition in 64 bits: all instruction sets, bit for bit.
#include "roste/cpu/multiply.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/product_cases.h"
#include "tests/support/random_values.h"

namespace roste {
namespace {

using cpu::Isa;
using cpu::ProductWeights;
using testing::CodesAs;
using testing::expect_product;
using testing::Operand;
using testing::product_of;
using testing::random_operand;
using testing::supported_isas;
using testing::Zeros;

const std::vector<float> kNoBias;

Scheme make_scheme(RangeRule rule, int bits, Grouping grouping = {}) {
  return {make_grid(rule, bits), grouping};
}

// (1, 2, 3; 4, 0, 15) with z = 1 and 4, times (-8, 7, 1; 0, 1, -1).
TEST(Multiply, GoldenProduct) {
  const Operand x{Quantizer<QuantSpec<4, Asymmetric, PerRow>>(),
                  2,
                  3,
                  {1, 2, 3, 4, 0, 15},
                  {{0.5f, 1}, {0.25f, 4}}};
  const Operand w{Quantizer<QuantSpec<4, Symmetric, PerRow>>(),
                  2,
                  3,
                  {-8, 7, 1, 0, 1, -1},
                  {{2.0f, 0}, {1.0f, 0}}};
  // Sums: 0 -8, 1 7, 2 1 -> 9; 1 - 2 = -1; 0 -8, -4 7, 11 1 -> -17; -4 - 11 = -15.
  for (const Isa isa : supported_isas()) {
    EXPECT_EQ(product_of(x.view(), 2, ProductWeights(w.view()), {100.0f, 200.0f}, isa),
              (std::vector<float>{109.0f, 199.5f, 91.5f, 196.25f}));
  }
}

TEST(Multiply, AllSmallShapes) {
  const Scheme x4 = make_scheme(RangeRule::kZeroIncluded, 4);
  const Scheme w4 = make_scheme(RangeRule::kSymmetric, 4);
  for (std::int64_t n = 1; n <= 70; ++n) {
    const auto seed = static_cast<std::uint64_t>(n);
    const std::vector<float> bias = testing::gaussian(seed, n);
    const Operand x = random_operand(x4, (n * 29) % 70 + 1, (n * 37) % 70 + 1, seed);
    const Operand w = random_operand(w4, n, x.cols, seed + 100);
    expect_product(x, w, bias, "");
  }
}

TEST(Multiply, EveryNumberOfRowsOfATile) {
  for (const int bits : {4, 8}) {
    for (std::int64_t m = 1; m <= 26; ++m) {
      const Operand x = random_operand(make_scheme(RangeRule::kSymmetric, bits), m, 68, 1);
      const Operand w = random_operand(make_scheme(RangeRule::kSymmetric, bits), 33, 68, 2);
      expect_product(x, w, kNoBias, std::to_string(bits) + " bits");
    }
  }
}

// Every pair of codes: row q of x holds code q, output p code p; 4 (q - z_x)(p - z_w).
TEST(Multiply, EveryPairOfCodes) {
  for (const RangeRule x_rule : {RangeRule::kSymmetric, RangeRule::kZeroIncluded}) {
    for (const RangeRule w_rule : {RangeRule::kSymmetric, RangeRule::kZeroIncluded}) {
      for (const int bits : {4, 8}) {
        Operand x = random_operand(make_scheme(x_rule, bits), 1 << bits, 4, 3);
        Operand w = random_operand(make_scheme(w_rule, bits), 1 << bits, 4, 4);
        for (std::size_t i = 0; i < x.codes.size(); ++i) {
          x.codes[i] = static_cast<std::int16_t>(static_cast<int>(i / 4) + x.scheme.grid.codes.min);
          w.codes[i] = static_cast<std::int16_t>(static_cast<int>(i / 4) + w.scheme.grid.codes.min);
        }
        expect_product(x, w, kNoBias, std::to_string(bits) + " bits");
      }
    }
  }
}

std::vector<Scheme> all_schemes() {
  std::vector<Scheme> schemes;
  for (const Grouping::Kind kind : {Grouping::Kind::kTensor, Grouping::Kind::kRow}) {
    for (int bits = 1; bits <= 8; ++bits) {
      schemes.push_back(make_scheme(RangeRule::kZeroIncluded, bits, {kind, 0}));
      if (bits > 1) schemes.push_back(make_scheme(RangeRule::kSymmetric, bits, {kind, 0}));
    }
  }
  return schemes;
}

TEST(Multiply, EveryWidthTimesEveryWidth) {
  std::uint64_t seed = 0;
  for (const Scheme& x_scheme : all_schemes()) {
    for (const Scheme& w_scheme : all_schemes()) {
      const Zeros zeros = ++seed % 2 ? Zeros::kSame : Zeros::kPerGroup;
      const Operand x = random_operand(x_scheme, 5, 70, seed);
      const Operand w = random_operand(w_scheme, 35, 70, seed + 1000, zeros);
      expect_product(x, w, kNoBias,
                     "codes up to " + std::to_string(x_scheme.grid.codes.max) + " and " +
                         std::to_string(w_scheme.grid.codes.max));
    }
  }
}

// All codes at an end of their range, and zero points at either end: the largest sums there are. A
// saturating 16-bit product would stop at 32767.
TEST(Multiply, ExtremeCodesEverywhere) {
  for (const RangeRule rule : {RangeRule::kSymmetric, RangeRule::kZeroIncluded}) {
    for (const int bits : {4, 7, 8}) {
      const CodeRange codes = code_range(rule, bits);
      for (int ends = 0; ends < 16; ++ends) {
        Operand x = random_operand(make_scheme(rule, bits), 13, 132, 5);
        Operand w = random_operand(make_scheme(rule, bits), 33, 132, 6);
        const auto end = [&](int bit) { return (ends >> bit) & 1 ? codes.max : codes.min; };
        for (std::int16_t& code : x.codes) code = static_cast<std::int16_t>(end(0));
        for (std::int16_t& code : w.codes) code = static_cast<std::int16_t>(end(1));
        for (GroupParams& p : x.params) p.zero = rule == RangeRule::kSymmetric ? 0 : end(2);
        for (GroupParams& p : w.params) p.zero = rule == RangeRule::kSymmetric ? 0 : end(3);
        expect_product(x, w, kNoBias, std::to_string(bits) + " bits, ends " + std::to_string(ends));
      }
    }
  }
}

// Zero points far outside of the codes, on either side, up to where an int32 still holds the sums.
TEST(Multiply, FarZeroPoints) {
  for (const int bits : {2, 4, 8}) {
    Operand x = random_operand(make_scheme(RangeRule::kTight, bits), 13, 100, 7);
    Operand w = random_operand(make_scheme(RangeRule::kTight, bits), 40, 100, 8);
    for (std::size_t i = 0; i < x.params.size(); ++i) x.params[i].zero = i % 2 ? -3000 : 3000;
    for (std::size_t i = 0; i < w.params.size(); ++i) w.params[i].zero = i % 3 ? -4000 : 6000;
    expect_product(x, w, kNoBias, std::to_string(bits) + " bits");
  }
}

TEST(Multiply, GroupsAlongTheInputs) {
  for (const std::int64_t size : {4, 12, 32, 64, 128, 36}) {
    const Grouping groups{Grouping::Kind::kGroup, size};
    const std::int64_t cols = size * 3;
    const std::vector<float> bias = testing::gaussian(9, 37);
    for (const RangeRule rule : {RangeRule::kSymmetric, RangeRule::kZeroIncluded}) {
      const Operand w = random_operand(make_scheme(rule, 4, groups), 37, cols, 10);
      for (const int bits : {4, 8}) {
        const Operand rows =
            random_operand(make_scheme(RangeRule::kZeroIncluded, bits), 14, cols, 11);
        expect_product(rows, w, bias, "weights in groups of " + std::to_string(size));
        const Operand grouped =
            random_operand(make_scheme(RangeRule::kZeroIncluded, bits, groups), 14, cols, 12);
        expect_product(grouped, w, kNoBias, "groups of " + std::to_string(size));
      }
    }
  }
}

// Rows that end in a shorter group, down to one value.
TEST(Multiply, ShorterLastGroups) {
  for (const std::int64_t cols : {33, 100, 127}) {
    const Grouping groups{Grouping::Kind::kGroup, 32, Tail::kShorter};
    const Operand w =
        random_operand(make_scheme(RangeRule::kZeroIncluded, 4, groups), 37, cols, 30);
    const Operand x =
        random_operand(make_scheme(RangeRule::kZeroIncluded, 8, groups), 14, cols, 31);
    expect_product(x, w, kNoBias, "a shorter last group");
    const Operand rows = random_operand(make_scheme(RangeRule::kSymmetric, 4), 14, cols, 32);
    expect_product(rows, w, kNoBias, "rows times a shorter last group");
  }
}

// A single group of the length of a row is a row, whatever its length.
TEST(Multiply, OneGroupPerRow) {
  const Grouping groups{Grouping::Kind::kGroup, 7};
  const Operand x = random_operand(make_scheme(RangeRule::kZeroIncluded, 4, groups), 3, 7, 13);
  const Operand w = random_operand(make_scheme(RangeRule::kSymmetric, 4, groups), 5, 7, 14);
  expect_product(x, w, kNoBias, "");
  const Operand rows = random_operand(make_scheme(RangeRule::kSymmetric, 4), 5, 7, 14);
  expect_product(x, rows, kNoBias, "");
}

// More weights and more rows than a block holds (detail::block_rows).
TEST(Multiply, SeveralBlocks) {
  const Operand x = random_operand(make_scheme(RangeRule::kZeroIncluded, 4), 670, 1023, 15);
  const Operand w = random_operand(make_scheme(RangeRule::kSymmetric, 4), 801, 1023, 16);
  const ProductWeights weights(w.view());
  const cpu::WeightPanels panels = weights;
  for (const Isa isa : supported_isas()) {
    EXPECT_LT(cpu::detail::block_rows(x.rows, panels, {isa}), x.rows);
    const std::vector<float> y = product_of(x.view(), x.rows, panels, kNoBias, isa);
    for (std::int64_t m = 0; m < x.rows; ++m) {
      for (std::int64_t n = m % 31; n < w.rows; n += 31) {
        ASSERT_EQ(y[static_cast<std::size_t>(m * w.rows + n)],
                  testing::expected_value(x, m, w, n, 0.0f))
            << cpu::isa_name(isa) << " at " << m << ", " << n;
      }
    }
  }
}

// The type that holds a code makes no difference, for either operand.
TEST(Multiply, AllCodeTypes) {
  const Operand x = random_operand(make_scheme(RangeRule::kZeroIncluded, 7), 9, 77, 17);
  const Operand w = random_operand(make_scheme(RangeRule::kZeroIncluded, 5), 40, 77, 18);
  const CodesAs<std::uint8_t> x_unsigned(x), w_unsigned(w);
  const CodesAs<std::int8_t> x_signed(x), w_signed(w);
  const std::vector<float> expected = testing::expected_product(x, w, kNoBias);
  for (const Isa isa : supported_isas()) {
    for (const ProductWeights& weights :
         {ProductWeights(w.view(), isa), ProductWeights(w_unsigned.view(), isa),
          ProductWeights(w_signed.view(), isa)}) {
      EXPECT_EQ(product_of(x.view(), x.rows, weights, kNoBias, isa), expected);
      EXPECT_EQ(product_of(x_unsigned.view(), x.rows, weights, kNoBias, isa), expected);
      EXPECT_EQ(product_of(x_signed.view(), x.rows, weights, kNoBias, isa), expected);
    }
  }
}

TEST(Multiply, EmptyShapes) {
  const Scheme scheme = make_scheme(RangeRule::kZeroIncluded, 4);
  for (const Isa isa : supported_isas()) {
    const Operand none{scheme, 0, 8, {}, {}}, some = random_operand(scheme, 3, 8, 19);
    EXPECT_TRUE(product_of(none.view(), 0, ProductWeights(some.view()), kNoBias, isa).empty());
    EXPECT_TRUE(product_of(some.view(), 3, ProductWeights(none.view()), kNoBias, isa).empty());
    const Operand x{scheme, 2, 0, {}, {}}, w{scheme, 3, 0, {}, {}};
    EXPECT_EQ(product_of(x.view(), 2, ProductWeights(w.view()), {1.0f, 2.0f, 3.0f}, isa),
              (std::vector<float>{1.0f, 2.0f, 3.0f, 1.0f, 2.0f, 3.0f}));
    EXPECT_EQ(product_of(x.view(), 2, ProductWeights(w.view()), kNoBias, isa),
              std::vector<float>(6, 0.0f));
  }
}

}  // namespace
}  // namespace roste
