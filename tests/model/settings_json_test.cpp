// roste.json: what was decided about a model, there and back.
#include "reference_trainer/model/settings_json.h"

#include <gtest/gtest.h>

#include "reference_trainer/base/error.h"
#include "tests/model/tiny_model.h"

namespace trainer {
namespace {

// Every field differs from its default and from its neighbours.
ForwardPlan unusual_plan() {
  QuantConfig quant;
  quant.weight = {2, Symmetry::kSymmetric, Range::kTight, 0.5f};
  quant.activation = {3, Symmetry::kAsymmetric, Range::kPaperEq4, 0.75f};
  quant.kv = {5, Symmetry::kSymmetric, Range::kZeroIncluded, 0.875f};
  const RotationChoice choice{{RotationMask::parse("1010"), RotationMask::parse("1001")}, 77};
  return make_plan(test::tiny_shape(), quant, choice);
}

TEST(PlanJson, EveryCombinationComesBack) {
  for (const WeightForm form : {WeightForm::kMaster, WeightForm::kMerged, WeightForm::kEffective}) {
    for (const NormGains gains :
         {NormGains::kSeparate, NormGains::kFolded, NormGains::kFoldedTrained}) {
      ForwardPlan plan = unusual_plan();
      plan.weight_form = form;
      plan.norm_gains = gains;
      const ForwardPlan back = plan_from_json(plan.shape, to_json(plan), "roste.json");
      EXPECT_EQ(back.weight_form, form);
      EXPECT_EQ(back.norm_gains, gains);
      EXPECT_EQ(to_json(back), to_json(plan));
      EXPECT_FALSE(back.at(0).r2 || back.at(1).r2 || back.at(0).r4 || back.at(1).r3);
      EXPECT_TRUE(back.at(0).r3 && back.at(1).r4);
    }
  }
}

TEST(PlanJson, FieldsAreWhereTheFormatSays) {
  const nlohmann::json j = to_json(unusual_plan());
  EXPECT_EQ(
      j.at("quantization").at("weight"),
      (nlohmann::json{{"bits", 2}, {"symmetry", "symmetric"}, {"range", "tight"}, {"clip", 0.5}}));
  EXPECT_EQ(j.at("quantization").at("activation").at("range"), "paper_eq4");
  EXPECT_EQ(j.at("quantization").at("kv").at("bits"), 5);
  EXPECT_EQ(
      j.at("rotation"),
      (nlohmann::json{{"layers", {"1010", "1001"}}, {"seed", 77}, {"online_signs", "random"}}));
  EXPECT_EQ(j.at("weights"), "master");
  EXPECT_EQ(j.at("norm_gains"), "separate");
}

TEST(PlanJson, WordsAreThoseOfTheFormat) {
  ForwardPlan plan = unusual_plan();
  plan.weight_form = WeightForm::kMerged;
  plan.norm_gains = NormGains::kFoldedTrained;
  plan.choice.online_signs = OnlineSigns::kNone;
  const nlohmann::json j = to_json(plan);
  EXPECT_EQ(j.at("weights"), "merged");
  EXPECT_EQ(j.at("norm_gains"), "folded_trained");
  EXPECT_EQ(j.at("rotation").at("online_signs"), "none");
}

// Plain Hadamard matrices come back as such: the plan's rotations follow the file.
TEST(PlanJson, SignsComeBackInTheRotations) {
  for (const OnlineSigns signs : {OnlineSigns::kRandom, OnlineSigns::kNone}) {
    ForwardPlan plan = unusual_plan();
    plan.choice.online_signs = signs;
    const ForwardPlan back = plan_from_json(plan.shape, to_json(plan), "roste.json");
    EXPECT_EQ(back.choice.online_signs, signs);
    int negative = 0;
    for (const int sign : back.at(1).r4->signs()) negative += sign < 0;
    EXPECT_EQ(negative == 0, signs == OnlineSigns::kNone);
  }
}

// Files from before there was a choice of signs.
TEST(PlanJson, AbsentSignsAreRandom) {
  nlohmann::json j = to_json(unusual_plan());
  j["rotation"].erase("online_signs");
  EXPECT_EQ(plan_from_json(test::tiny_shape(), j, "f").choice.online_signs, OnlineSigns::kRandom);
}

TEST(PlanJson, UnknownWordsAreRefusedWithTheirPlaceAndTheAlternatives) {
  const auto expected_at = [](const nlohmann::json& j, const std::string& where) -> std::string {
    try {
      plan_from_json(test::tiny_shape(), j, "f");
    } catch (const Error& e) {
      EXPECT_EQ(e.parts().where, where);
      return e.parts().expected;
    }
    return "accepted";
  };
  const nlohmann::json good = to_json(unusual_plan());
  nlohmann::json j = good;
  j["weights"] = "rotated";
  EXPECT_EQ(expected_at(j, "f:/weights"), "\"master\", \"merged\", \"effective\" or \"codes\"");
  j = good;
  j["norm_gains"] = "trained";
  EXPECT_EQ(expected_at(j, "f:/norm_gains"), "\"separate\", \"folded\" or \"folded_trained\"");
  j = good;
  j["rotation"]["online_signs"] = "plain";
  EXPECT_EQ(expected_at(j, "f:/rotation/online_signs"), "\"random\" or \"none\"");
  j = good;
  j["quantization"]["kv"]["symmetry"] = "both";
  EXPECT_EQ(expected_at(j, "f:/quantization/kv/symmetry"), "\"asymmetric\" or \"symmetric\"");
}

// What json::get would cut, wrap or convert is refused: the file says something that we do not do.
TEST(PlanJson, CF04_NumbersThatTheirTypeCannotHoldAreRefused) {
  const auto refused_at = [](const nlohmann::json::json_pointer& place,
                             const nlohmann::json& value) -> std::string {
    nlohmann::json j = to_json(unusual_plan());
    j[place] = value;
    try {
      plan_from_json(test::tiny_shape(), j, "f");
    } catch (const Error& e) {
      return e.parts().code + " " + e.parts().where + " " + e.parts().got;
    }
    return "accepted";
  };
  using pointer = nlohmann::json::json_pointer;
  EXPECT_EQ(refused_at(pointer("/quantization/weight/bits"), 4.9),
            "RJ-01 f:/quantization/weight/bits 4.9");
  EXPECT_EQ(refused_at(pointer("/quantization/weight/bits"), 4294967300),
            "RJ-01 f:/quantization/weight/bits 4294967300");
  EXPECT_EQ(refused_at(pointer("/format_version"), true), "RJ-01 f:/format_version true");
  EXPECT_EQ(refused_at(pointer("/rotation/seed"), -1), "RJ-01 f:/rotation/seed -1");
  EXPECT_EQ(refused_at(pointer("/rotation/seed"), 1e300), "RJ-01 f:/rotation/seed 1e+300");
  EXPECT_EQ(refused_at(pointer("/quantization/kv/clip"), true),
            "RJ-01 f:/quantization/kv/clip true");
}

TEST(PlanJson, NoFileMeansAPlainModel) {
  const ForwardPlan plan = plan_from_json(test::tiny_shape(), nullptr, "roste.json");
  EXPECT_FALSE(plan.quant.weight.enabled() || plan.quant.activation.enabled() ||
               plan.quant.kv.enabled());
  EXPECT_EQ(plan.norm_gains, NormGains::kSeparate);
  EXPECT_EQ(plan.weight_form, WeightForm::kMaster);
}

}  // namespace
}  // namespace trainer
