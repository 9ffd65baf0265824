#include <gtest/gtest.h>

#include <cmath>
#include <type_traits>

#include "roste/core/quantizer.h"

namespace roste {
namespace {

using W4 = QuantSpec<4, Symmetric, PerRow>;
using A4 = QuantSpec<4, Asymmetric, PerRow>;
using Kv4 = QuantSpec<4, Asymmetric, PerGroup<64>, TightRange>;

static_assert(QuantizerSpec<W4> && QuantizerSpec<A4> && QuantizerSpec<Kv4>);
static_assert(QuantizerSpec<QuantSpec<1, Asymmetric, PerTensor>>);
static_assert(!QuantizerSpec<int> && !QuantizerSpec<Symmetric>);
static_assert(GranularityPolicy<PerGroup<kDynamic>> && !GranularityPolicy<Symmetric>);
static_assert(SymmetryPolicy<Symmetric> && !SymmetryPolicy<PerRow>);
static_assert(RangePolicy<PaperEq4> && !RangePolicy<PerRow>);
static_assert(std::is_constructible_v<Quantizer<A4>> &&
              std::is_constructible_v<Quantizer<A4>, float>);
static_assert(
    !std::is_default_constructible_v<Quantizer<QuantSpec<4, Asymmetric, PerGroup<kDynamic>>>>);
static_assert(std::is_convertible_v<Quantizer<A4>, const Scheme&>);

TEST(Spec, CodeRangesAreThoseOfEquations3And4) {
  const Grid w4 = Quantizer<W4>().scheme().grid;
  EXPECT_EQ(w4.codes.min, -8);
  EXPECT_EQ(w4.codes.max, 7);
  const Grid a4 = Quantizer<A4>().scheme().grid;
  EXPECT_EQ(a4.codes.min, 0);
  EXPECT_EQ(a4.codes.max, 15);
}

TEST(Spec, PoliciesReachTheScheme) {
  EXPECT_EQ(Quantizer<W4>().scheme().grid.rule, RangeRule::kSymmetric);
  EXPECT_EQ(Quantizer<A4>().scheme().grid.rule, RangeRule::kZeroIncluded);
  EXPECT_EQ(Quantizer<Kv4>().scheme().grid.rule, RangeRule::kTight);
  using Paper = QuantSpec<4, Asymmetric, PerTensor, PaperEq4>;
  EXPECT_EQ(Quantizer<Paper>().scheme().grid.rule, RangeRule::kPaperEq4);
  EXPECT_EQ(Quantizer<Paper>().scheme().grouping.kind, Grouping::Kind::kTensor);
  EXPECT_EQ(Quantizer<A4>().scheme().grouping.kind, Grouping::Kind::kRow);
  EXPECT_EQ(Quantizer<Kv4>().scheme().grouping.size, 64);
  using Dynamic = QuantSpec<4, Asymmetric, PerGroup<kDynamic>>;
  EXPECT_EQ(Quantizer<Dynamic>(12).scheme().grouping.size, 12);
  EXPECT_EQ(Quantizer<A4>(0.5f).scheme().grid.clip, 0.5f);
}

TEST(Spec, QN20_BitWidthsOutsideOfTheRange) {
  for (const int bits : {-4, 0, 17, 1000}) {
    EXPECT_THROW(make_grid(RangeRule::kZeroIncluded, bits), std::invalid_argument) << bits;
  }
  EXPECT_THROW(make_grid(RangeRule::kSymmetric, 1), std::invalid_argument);
  EXPECT_EQ(make_grid(RangeRule::kSymmetric, 16).codes.max, 32767);
  EXPECT_EQ(make_grid(RangeRule::kZeroIncluded, 1).codes.max, 1);
  EXPECT_EQ(make_grid(RangeRule::kTight, 16).codes.max, 65535);
}

TEST(Spec, ClippingFactorOutsideOfTheRange) {
  for (const float clip : {0.0f, -1.0f, 1.0001f, std::nanf("")}) {
    EXPECT_THROW(Quantizer<A4>{clip}, std::invalid_argument) << clip;
  }
}

TEST(Spec, QN17_GroupSizeThatDoesNotDivide) {
  for (const std::int64_t size : {0, -8, 5, 64}) {
    EXPECT_THROW(group_layout({Grouping::Kind::kGroup, size}, 2, 32), std::invalid_argument)
        << size;
  }
  EXPECT_THROW(group_layout({Grouping::Kind::kRow, 0}, -1, 4), std::invalid_argument);
}

TEST(Spec, ShorterTailGroups) {
  const GroupLayout layout = group_layout({Grouping::Kind::kGroup, 5, Tail::kShorter}, 2, 12);
  EXPECT_EQ(layout.count, 6);
  EXPECT_EQ(layout.col_of(5), 10);
  EXPECT_EQ(layout.run_of(4), 5);
  EXPECT_EQ(layout.run_of(5), 2);
  const GroupLayout whole = group_layout({Grouping::Kind::kGroup, 4, Tail::kShorter}, 2, 12);
  EXPECT_EQ(whole.count, 6);
  EXPECT_EQ(whole.run_of(5), 4);
  const GroupLayout narrow = group_layout({Grouping::Kind::kGroup, 64, Tail::kShorter}, 3, 12);
  EXPECT_EQ(narrow.count, 3);
  EXPECT_EQ(narrow.run_of(2), 12);
  EXPECT_THROW(group_layout({Grouping::Kind::kGroup, 0, Tail::kShorter}, 2, 12),
               std::invalid_argument);
  using Shorter = QuantSpec<4, Asymmetric, PerGroup<kDynamic, Tail::kShorter>>;
  EXPECT_EQ(Quantizer<Shorter>(5).scheme().grouping.tail, Tail::kShorter);
  using Fixed = QuantSpec<4, Asymmetric, PerGroup<5, Tail::kShorter>>;
  EXPECT_EQ(Quantizer<Fixed>().scheme().grouping.tail, Tail::kShorter);
  EXPECT_EQ(Quantizer<Kv4>().scheme().grouping.tail, Tail::kRefuse);
}

TEST(Spec, LayoutOfGroups) {
  const GroupLayout parts = group_layout({Grouping::Kind::kGroup, 4}, 3, 12);
  EXPECT_EQ(parts.count, 9);
  EXPECT_EQ(parts.row_of(5, 0), 1);
  EXPECT_EQ(parts.col_of(5), 8);
  const GroupLayout tensor = group_layout({Grouping::Kind::kTensor, 0}, 3, 12);
  EXPECT_EQ(tensor.count, 1);
  EXPECT_EQ(tensor.row_of(0, 2), 2);
  EXPECT_EQ(group_layout({Grouping::Kind::kRow, 0}, 3, 12).count, 3);
  EXPECT_EQ(group_layout({Grouping::Kind::kRow, 0}, 8, 0).count, 0);
  EXPECT_EQ(group_layout({Grouping::Kind::kTensor, 0}, 0, 8).count, 0);
}

}  // namespace
}  // namespace roste
