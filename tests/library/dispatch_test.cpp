// From names to types, for the whole list.
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <tuple>

#include "roste/core/dispatch.h"

namespace roste {
namespace {

using Kind = Grouping::Kind;

// What a spec's type says, read back from the type.
struct Said {
  int bits;
  RangeRule rule;
  Kind kind;
  Tail tail;
  Scheme scheme;
};

struct ReadType {
  template <class Spec>
  Said operator()(const Quantizer<Spec>& quantizer) const {
    using Granularity = typename Spec::Granularity;
    Said said{Spec::bits, RangeRule::kZeroIncluded, Kind::kGroup, Tail::kRefuse,
              quantizer.scheme()};
    if (std::same_as<typename Spec::Symmetry, Symmetric>) said.rule = RangeRule::kSymmetric;
    if (std::same_as<typename Spec::Range, TightRange>) said.rule = RangeRule::kTight;
    if (std::same_as<typename Spec::Range, PaperEq4>) said.rule = RangeRule::kPaperEq4;
    if (std::same_as<Granularity, PerTensor>) said.kind = Kind::kTensor;
    if (std::same_as<Granularity, PerRow>) said.kind = Kind::kRow;
    if constexpr (kIsPerGroup<Granularity>) said.tail = Granularity::tail;
    return said;
  }
};

TEST(Dispatch, EveryNameReachesItsType) {
  std::set<std::tuple<int, RangeRule, Kind, Tail>> seen;
  for (int bits = 1; bits <= 8; ++bits) {
    for (const RangeRule rule : {RangeRule::kSymmetric, RangeRule::kZeroIncluded, RangeRule::kTight,
                                 RangeRule::kPaperEq4}) {
      if (bits == 1 && rule == RangeRule::kSymmetric) continue;
      for (const Grouping grouping :
           {Grouping{Kind::kTensor, 0}, Grouping{Kind::kRow, 0}, Grouping{Kind::kGroup, 24},
            Grouping{Kind::kGroup, 24, Tail::kShorter}}) {
        const Said said = dispatch({bits, rule, grouping, 0.75f}, ReadType{});
        EXPECT_EQ(said.bits, bits);
        EXPECT_EQ(said.rule, rule);
        EXPECT_EQ(said.kind, grouping.kind);
        EXPECT_EQ(said.tail, grouping.tail);
        EXPECT_EQ(said.scheme.grid.clip, 0.75f);
        EXPECT_EQ(said.scheme.grid.rule, rule);
        EXPECT_EQ(said.scheme.grouping.size, grouping.size);
        EXPECT_EQ(said.scheme.grouping.tail, grouping.tail);
        seen.insert({said.bits, said.rule, said.kind, said.tail});
      }
    }
  }
  EXPECT_EQ(seen.size(), 124u);  // 7 x 4 symmetric, 8 x 3 x 4 asymmetric
}

TEST(Dispatch, ReturnsWhatTheVisitorReturns) {
  int calls = 0;
  const auto visit = [&](const auto& quantizer) {
    ++calls;
    return quantizer.scheme().grid.codes.max;
  };
  EXPECT_EQ(dispatch({3, RangeRule::kSymmetric, {Kind::kRow, 0}}, visit), 3);
  EXPECT_EQ(calls, 1);
}

TEST(Dispatch, NamesOutsideOfTheListSayWhatExists) {
  const auto visit = [](const auto&) {};
  for (const int bits : {-1, 0, 9, 16}) {
    try {
      dispatch({bits, RangeRule::kZeroIncluded, {}}, visit);
      ADD_FAILURE() << bits;
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find(std::to_string(bits) + " bits"), std::string::npos);
      EXPECT_NE(std::string(error.what()).find("1 to 8"), std::string::npos);
    }
  }
  EXPECT_THROW(dispatch({1, RangeRule::kSymmetric, {}}, visit), std::invalid_argument);
  EXPECT_THROW(dispatch({4, RangeRule::kTight, {}, 1.5f}, visit), std::invalid_argument);
  EXPECT_THROW(dispatch({4, RangeRule::kTight, {Kind::kGroup, 0}}, visit), std::invalid_argument);
}

}  // namespace
}  // namespace roste
