// What a training holds its weights as: forms that change no bit, and bfloat16, which resumes.
#include <nlohmann/json.hpp>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;

Outcome train(const fs::path& out, const Words& extra) {
  return run_program(Words{"train", "--model_name_or_path", tiny_model(), "--dataset",
                           tiny_data("train"), "--max_new_tokens", "2", "--max_steps", "4",
                           "--learning_rate", "1e-2", "--output_dir", out} +
                     extra);
}

std::string weights(const fs::path& out) { return read_text(out / "model/model.safetensors"); }

TEST(TrainingMemory, EffectiveWeightsAsCodesNeverChangeTheModel) {
  const Scratch scratch;
  const std::vector<Words> runs = {
      {"--method", "roste", "--rotations", "1111"},
      {"--method", "ste", "--rotations", "1111", "--w_bits", "3", "--a_bits", "16"},
      {"--method", "sft", "--rotations", "1111"},
      {"--method", "llm_qat", "--llm_qat_sequences", "8", "--llm_qat_max_length", "8"},
      {"--method", "rolora", "--lora_base", "quantized"}};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const fs::path stored = scratch / ("stored" + std::to_string(i)),
                   codes = scratch / ("codes" + std::to_string(i));
    ASSERT_EQ(train(stored, runs[i]).exit_code, 0);
    const Outcome t = train(codes, runs[i] + Words{"--effective_weights", "codes"});
    ASSERT_EQ(t.exit_code, 0) << t.err;
    EXPECT_EQ(weights(codes), weights(stored)) << runs[i][1];
    EXPECT_EQ(read_text(codes / "eval.json"), read_text(stored / "eval.json")) << runs[i][1];
  }
}

TEST(TrainingMemory, CK10_BFloat16Resumes) {
  const Scratch scratch;
  const Words words{"--method",         "roste",      "--rotations",         "1111",
                    "--optim",          "adamw_8bit", "--param_dtype",       "bfloat16",
                    "--master_weights", "none",       "--effective_weights", "codes"};
  ASSERT_EQ(train(scratch / "whole", words).exit_code, 0);
  ASSERT_EQ(train(scratch / "resumed", words + Words{"--save_steps", "2"}).exit_code, 0);
  fs::remove_all(scratch / "resumed/model");
  fs::remove_all(scratch / "resumed/checkpoints/step-4");
  const Outcome again = train(scratch / "resumed", words + Words{"--save_steps", "2", "--resume"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(weights(scratch / "resumed"), weights(scratch / "whole"));
  Words others = words;
  others[8] = "--save_steps";
  others[9] = "2";
  const Outcome other = train(scratch / "resumed", others + Words{"--resume"});
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_NE(other.err.find("CK-11"), std::string::npos) << other.err;
  EXPECT_NE(other.err.find("master_weights"), std::string::npos) << other.err;
}

TEST(TrainingMemory, MastersAreAPartOfTheNeed) {
  const Scratch scratch;
  const Outcome t = train(scratch / "out", {"--method", "ste", "--param_dtype", "bfloat16"});
  ASSERT_EQ(t.exit_code, 0) << t.err;
  EXPECT_NE(t.err.find("masters 0.00 GiB"), std::string::npos) << t.err;
}

TEST(TrainingMemory, CL04_RefusesWhatBFloat16CannotFollow) {
  const Scratch scratch;
  const std::vector<Words> refused = {
      {"--method", "ste", "--master_weights", "none"},
      {"--method", "lora", "--param_dtype", "bfloat16"},
      {"--method", "llm_qat", "--param_dtype", "bfloat16"},
      {"--method", "roste", "--outer_rounds", "2", "--param_dtype", "bfloat16"}};
  for (const Words& words : refused) {
    const Outcome t = train(scratch / "out", words);
    EXPECT_EQ(t.exit_code, 2) << t.err;
    EXPECT_EQ(t.err.find("error: CL-04"), 0u) << t.err;
    EXPECT_EQ(std::count(t.err.begin(), t.err.end(), '\n'), 1) << t.err;
    EXPECT_FALSE(fs::exists(scratch / "out"));
  }
}

// Signs of rotations that are given as digits are those of the flag.
TEST(TrainingRotations, OnlineSignsReachTheModel) {
  const Scratch scratch;
  for (const char* signs : {"none", "random"}) {
    const Outcome t =
        train(scratch / signs, {"--method", "ste", "--rotations", "1111", "--online_signs", signs});
    ASSERT_EQ(t.exit_code, 0) << t.err;
    const json roste = json::parse(read_text(scratch / signs / "model/roste.json"));
    EXPECT_EQ(roste.at("/rotation/online_signs"_json_pointer), signs);
  }
  EXPECT_NE(weights(scratch / "none"), weights(scratch / "random"));
  // Without --rotations the fallback of the method has the signs, too.
  const Outcome t = train(scratch / "rolora", {"--method", "rolora", "--online_signs", "none"});
  ASSERT_EQ(t.exit_code, 0) << t.err;
  const json roste = json::parse(read_text(scratch / "rolora/model/roste.json"));
  EXPECT_EQ(roste.at("/rotation/online_signs"_json_pointer), "none");
}

std::string generated(const Words& words) {
  const Outcome g = run_program(
      Words{"generate", "--model_name_or_path", tiny_model(), "--max_new_tokens", "8"} + words);
  EXPECT_EQ(g.exit_code, 0) << g.err;
  return g.out;
}

TEST(Generate, AChatTemplateWritesTheFrameOfAMessage) {
  const std::string tulu = generated({"--prompt", "my cat", "--chat_template", "tulu"});
  EXPECT_EQ(tulu, generated({"--prompt", "<|user|>\nmy cat\n<|assistant|>\n"}));
  EXPECT_NE(tulu, generated({"--prompt", "my cat"}));
  const Outcome g = run_program({"generate", "--model_name_or_path", tiny_model(), "--prompt",
                                 "my cat", "--chat_template", "chatml"});
  EXPECT_EQ(g.exit_code, 3);
  EXPECT_EQ(g.err.rfind("error: DS-13 ", 0), 0u) << g.err;
}

}  // namespace
}  // namespace trainer::test
