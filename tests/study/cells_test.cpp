#include "reference_trainer/study/cells.h"

#include <gmock/gmock.h>

#include <stdexcept>

namespace trainer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::string text(const Cell& c) {
  return c.model + " " + std::to_string(c.seed) + " " + method_word(c) + " " +
         setting_name(c.quant);
}

std::vector<std::string> parsed(std::string_view what) {
  std::vector<std::string> texts;
  for (const Cell& c : parse_cells(what, {})) texts.push_back(text(c));
  return texts;
}

TEST(Cells, AGroupIsAllItsMethodsAtAllItsSettingsForEverySeed) {
  EXPECT_THAT(
      parsed("pythia/sft+rtn/W3A3KV3+W4A8KV4/2"),
      ElementsAre("pythia 0 sft W16A16KV16", "pythia 0 rtn W3A3KV3", "pythia 0 rtn W4A8KV4",
                  "pythia 1 sft W16A16KV16", "pythia 1 rtn W3A3KV3", "pythia 1 rtn W4A8KV4"));
}

TEST(Cells, WhatSeveralGroupsNameOccursOnceAndModelsStayTogether) {
  EXPECT_THAT(
      parsed("pythia+llama/rtn/W3A3KV3/1,pythia/rtn+roste:2/W3A3KV3/2"),
      ElementsAre("pythia 0 rtn W3A3KV3", "pythia 0 roste:2 W3A3KV3", "pythia 1 rtn W3A3KV3",
                  "pythia 1 roste:2 W3A3KV3", "llama 0 rtn W3A3KV3"));
}

TEST(Cells, BitsArePutIntoTheGivenQuantizers) {
  QuantConfig quantizers;
  quantizers.weight.symmetry = Symmetry::kSymmetric;
  quantizers.activation.clip = 0.9f;
  const Cell cell = parse_cells("m/rtn/W2A8KV16/1", quantizers).at(0);
  EXPECT_EQ(cell.quant.weight.bits, 2);
  EXPECT_EQ(cell.quant.weight.symmetry, Symmetry::kSymmetric);
  EXPECT_EQ(cell.quant.activation.bits, 8);
  EXPECT_EQ(cell.quant.activation.clip, 0.9f);
  EXPECT_FALSE(cell.quant.kv.enabled());
}

TEST(Cells, WhatIsWrongIsNamed) {
  const auto refused = [](std::string_view what, const char* message) {
    EXPECT_THAT([&] { parse_cells(what, {}); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(message)))
        << what;
  };
  refused("pythia/sft/W4A4KV4", "models/methods/settings/seeds");
  refused("pythia/stf/W4A4KV4/1", "'stf' is not a method: base, sft, rtn");
  refused("pythia/rtn/W4A4/1", "'W4A4' is not W<bits>A<bits>KV<bits>");
  refused("pythia/rtn/W1A4KV4/1", "'W1A4KV4' is not W<bits>");
  refused("pythia/rtn/W4A4KV4x/1", "'W4A4KV4x' is not W<bits>");
  refused("pythia/rtn/W4A4KV4/0", "'0' is not a number of seeds");
  refused("pythia/rtn/W4A4KV4/2x", "'2x' is not a number of seeds");
  refused("pythia/ste:2/W4A4KV4/1", "only roste has them");
  refused("pythia/roste:/W4A4KV4/1", "'' is not a number of outer rounds");
  refused("+llama/rtn/W4A4KV4/1", "models have names");
  refused("", "models/methods/settings/seeds");
}

TEST(Cells, FactsStandWhereTheirMethodLooksThemUp) {
  for (std::size_t i = 0; i < kMethods.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(kMethods[i].method), i) << kMethods[i].word;
  }
}

}  // namespace
}  // namespace trainer
