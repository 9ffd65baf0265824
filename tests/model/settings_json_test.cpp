// roste.json: what was decided about a model, there and back.
#include "reference_trainer/model/settings_json.h"

#include <gtest/gtest.h>

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
  for (const WeightForm form : {WeightForm::kMaster, WeightForm::kEffective}) {
    for (const NormGains gains : {NormGains::kSeparate, NormGains::kFolded}) {
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
  EXPECT_EQ(j.at("rotation"), (nlohmann::json{{"layers", {"1010", "1001"}}, {"seed", 77}}));
  EXPECT_EQ(j.at("weights"), "master");
  EXPECT_EQ(j.at("norm_gains"), "separate");
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
