// The lines under a table, from the settings that decided its cells.
#include "reference_trainer/study/method_settings.h"

#include <gmock/gmock.h>

#include "reference_trainer/study/method_run.h"
#include "tests/study/results.h"

namespace trainer {
namespace {

using test::result_of;
using testing::HasSubstr;

StudySettings settings() {
  StudySettings s;
  s.training.max_steps = 1000;
  s.training.micro_batch = 16;
  s.training.learning_rate = 0.002;
  s.gptq.damping = 0.03;
  s.gptq.block_size = 64;
  s.gptq.column_order = ColumnOrder::kDescending;
  s.gptq.clip = WeightClip::kMse;
  s.spinquant.steps = 77;
  s.spinquant.learning_rate = 0.3;
  s.llm_qat.sequences = 555;
  s.llm_qat.learning_rate = 0.0625;
  s.adapters.lora.rank = 12;
  s.adapters.lora.alpha = 24;
  s.adapters.learning_rate = 0.125;
  return s;
}

// A result with the settings that a study gives it.
CellResult ran(const std::string& method, const StudySettings& s) {
  CellResult r = result_of(method, "W4A4KV4", 0, 1);
  r.settings = method_key(r.cell, s);
  return r;
}

std::string line(const std::string& method) {
  const std::vector<NamedText> lines = method_settings({ran(method, settings())});
  return lines.at(0).name + ": " + lines.at(0).value;
}

TEST(MethodSettings, EveryMethodSaysWhatItWasRunWith) {
  EXPECT_EQ(line("sft"),
            "SFT: 1000 steps of 16 samples, learning rate 0.002 (cosine, warm-up 0), AdamW 0.9 "
            "0.999, decay 0, gradient norm 1");
  EXPECT_EQ(line("quarot_gptq"),
            "QuaRot (GPTQ): damping 0.03, blocks of 64, act-order, clip search, inputs as "
            "multiplied");
  EXPECT_EQ(
      line("spinquant"),
      "SpinQuant: Cayley SGD (LU, momentum 0): 77 steps of 8 samples, learning rate 0.3, on "
      "quantized weights, online 0011 with random signs; GPTQ with damping 0.03, blocks of 64, "
      "act-order, clip search, inputs as multiplied");
  EXPECT_THAT(line("llm_qat"), HasSubstr("LLM-QAT: 555 sequences of up to 128 tokens of the "
                                         "model's own; 1000 steps of 16 samples, learning rate "
                                         "0.0625"));
  EXPECT_THAT(line("rolora"), HasSubstr("r 12, alpha 24, on self_attn.q_proj"));
  EXPECT_THAT(line("rolora"), HasSubstr("1000 steps of 16 samples, learning rate 0.125"));
  EXPECT_THAT(line("roste"), HasSubstr("Algorithm 1: absolute objective, random online signs, "
                                       "moments reset, unrotated masters, norm gains frozen"));
  EXPECT_THAT(line("rtn"), HasSubstr("evaluation: greedy, up to 64 tokens"))
      << "rounding has no settings";
}

TEST(MethodSettings, WhatIsNotTheDefaultOfTrainingWithoutASearchIsSaid) {
  StudySettings s = settings();
  s.algorithm1.norm_gains = NormGains::kFoldedTrained;
  s.rouge_stemmer = Stemming::kPorter;
  const std::vector<NamedText> lines = method_settings({ran("ste", s)});
  EXPECT_THAT(lines.at(0).value, testing::EndsWith("gradient norm 1; norm gains trained"));
  EXPECT_EQ(lines.at(1).value, "greedy, up to 64 tokens, batches of 64, ROUGE of stems");
}

TEST(MethodSettings, SeedsOfOneSettingAreOneLine) {
  std::vector<CellResult> results = {ran("ste", settings()), ran("ste", settings())};
  results[1].cell.seed = 1;
  const std::vector<NamedText> lines = method_settings(results);
  ASSERT_EQ(lines.size(), 2u) << "and the evaluation";
  EXPECT_EQ(lines[0].name, "STE");
}

TEST(MethodSettings, CellsThatDifferAreNamed) {
  StudySettings other = settings();
  other.training.learning_rate = 0.004;
  std::vector<CellResult> results = {ran("ste", settings()), ran("ste", other)};
  results[1].cell.seed = 1;
  const std::vector<NamedText> lines = method_settings(results);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].name, "STE (pythia W4A4KV4 seed 0)");
  EXPECT_EQ(lines[1].name, "STE (pythia W4A4KV4 seed 1)");
  EXPECT_THAT(lines[1].value, HasSubstr("0.004"));
}

TEST(MethodSettings, QuantizersAreSaidOnceOrEach) {
  std::vector<CellResult> results = {ran("rtn", settings())};
  const auto quantizer = [](const char* symmetry) {
    return nlohmann::json{{"bits", 4}, {"clip", 0.95}, {"range", "tight"}, {"symmetry", symmetry}};
  };
  const auto text = [&] { return method_settings(results).at(0).value; };
  results[0].settings["quantization"] = {{"weight", quantizer("asymmetric")},
                                         {"activation", quantizer("asymmetric")},
                                         {"kv", quantizer("asymmetric")}};
  EXPECT_EQ(text(), "asymmetric, range tight, c = 0.95");
  results[0].settings["quantization"]["weight"] = quantizer("symmetric");
  EXPECT_EQ(text(),
            "weights symmetric, range tight, c = 0.95; activations asymmetric, range tight, c = "
            "0.95; cache asymmetric, range tight, c = 0.95");
}

TEST(MethodSettings, ResultsWithoutSettingsSayNothing) {
  EXPECT_TRUE(method_settings({result_of("ste", "W4A4KV4", 0, 1)}).empty());
}

}  // namespace
}  // namespace trainer
