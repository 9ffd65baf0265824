// Flags of `train` that trade memory for time: what they keep the same, and whom they refuse.
#include "tests/program/program.h"

namespace trainer::test {
namespace {

Outcome train(const fs::path& out, const Words& extra) {
  return run_program(Words{"train", "--model_name_or_path", tiny_model(), "--dataset",
                           tiny_data("train"), "--max_new_tokens", "2", "--max_steps", "4",
                           "--learning_rate", "1e-2", "--rotations", "1111", "--output_dir", out} +
                     extra);
}

std::string weights(const fs::path& out) { return read_text(out / "model/model.safetensors"); }

TEST(Memory, KeptActivationsNeverChangeTheModel) {
  const Scratch scratch;
  for (const char* method : {"roste", "llm_qat", "rolora"}) {
    const Words words{"--method", method, "--llm_qat_sequences", "8", "--llm_qat_max_length", "8"};
    for (const char* keep : {"false", "true"}) {
      const Outcome t = train(scratch / (method + std::string(keep)),
                              words + Words{"--gradient_checkpointing", keep});
      ASSERT_EQ(t.exit_code, 0) << t.err;
    }
    EXPECT_EQ(weights(scratch / (method + std::string("false"))),
              weights(scratch / (method + std::string("true"))));
  }
  const Outcome codes =
      train(scratch / "codes", {"--method", "roste", "--gradient_checkpointing", "codes"});
  ASSERT_EQ(codes.exit_code, 0) << codes.err;
  EXPECT_EQ(weights(scratch / "codes"), weights(scratch / "rostefalse"));
}

TEST(Memory, EightBitMomentsTrainAndResume) {
  const Scratch scratch;
  const Words words{"--method", "roste", "--optim", "adamw_8bit"};
  ASSERT_EQ(train(scratch / "float", {"--method", "roste"}).exit_code, 0);
  ASSERT_EQ(train(scratch / "whole", words).exit_code, 0);
  EXPECT_NE(weights(scratch / "whole"), weights(scratch / "float"));
  ASSERT_EQ(train(scratch / "resumed", words + Words{"--save_steps", "2"}).exit_code, 0);
  fs::remove_all(scratch / "resumed/model");
  fs::remove_all(scratch / "resumed/checkpoints/step-4");
  const Outcome again = train(scratch / "resumed", words + Words{"--save_steps", "2", "--resume"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(weights(scratch / "resumed"), weights(scratch / "whole"));
  const Outcome other =
      train(scratch / "resumed", {"--method", "roste", "--save_steps", "2", "--resume"});
  EXPECT_NE(other.exit_code, 0);
  EXPECT_NE(other.err.find("CK-11"), std::string::npos) << other.err;
  EXPECT_NE(other.err.find("optim"), std::string::npos) << other.err;
}

// More digits in front of a number of config.json.
void prefix_number(const std::string& name, const std::string& digits, std::string& config) {
  const std::string key = '"' + name + "\": ";
  const std::size_t place = config.find(key);
  ASSERT_NE(place, std::string::npos) << name;
  config.insert(place + key.size(), digits);
}

// A directory whose config.json asks for more than any machine holds, of numbers that may be.
void make_huge_model(const fs::path& directory) {
  fs::copy(tiny_model(), directory);
  std::string config = read_text(directory / "config.json");
  prefix_number("num_hidden_layers", "999", config);
  prefix_number("intermediate_size", "9999", config);
  write_text(directory / "config.json", config);
}

TEST(Memory, CF08_RefusesWhatDoesNotFit) {
  const Scratch scratch;
  make_huge_model(scratch / "huge");
  const Words model{"--model_name_or_path", scratch / "huge"};
  const std::vector<Words> commands = {
      Words{"generate"} + model, Words{"eval", "--dataset", tiny_data("test")} + model,
      Words{"train", "--dataset", tiny_data("train"), "--output_dir", scratch / "out"} + model};
  for (const Words& command : commands) {
    const Outcome t = run_program(command);
    EXPECT_EQ(t.exit_code, 4) << t.err;
    EXPECT_EQ(t.err.find("error: CF-08"), 0u) << t.err;
    EXPECT_NE(t.err.find("GiB: weights "), std::string::npos) << t.err;
    EXPECT_NE(t.err.find("available"), std::string::npos) << t.err;
    EXPECT_EQ(std::count(t.err.begin(), t.err.end(), '\n'), 1) << t.err;
    EXPECT_FALSE(fs::exists(scratch / "out"));
  }
}

TEST(Memory, TheNeedIsSaidBeforeTraining) {
  const Scratch scratch;
  const Outcome t = train(scratch / "out", {"--method", "ste"});
  ASSERT_EQ(t.exit_code, 0);
  const std::size_t said = t.err.find("memory: 0.0");
  ASSERT_NE(said, std::string::npos) << t.err;
  EXPECT_LT(said, t.err.find("ste"));
  for (const char* part : {"weights", "effective weights", "gradients", "moments", "activations"})
    EXPECT_NE(t.err.find(part, said), std::string::npos) << part;
}

TEST(Memory, CL04_RefusesWhatAMethodCannotFollow) {
  const Scratch scratch;
  const std::vector<Words> refused = {
      {"--method", "sft", "--gradient_checkpointing", "codes"},
      {"--method", "lora", "--gradient_checkpointing", "codes"},
      {"--method", "roste", "--quant_range", "tight", "--gradient_checkpointing", "codes"},
      {"--method", "rolora", "--optim", "adamw_8bit"}};
  for (const Words& words : refused) {
    const Outcome t = train(scratch / "out", words);
    EXPECT_EQ(t.exit_code, 2) << words[1];
    EXPECT_EQ(t.err.find("error: CL-04"), 0u) << t.err;
    EXPECT_EQ(std::count(t.err.begin(), t.err.end(), '\n'), 1) << t.err;
    EXPECT_FALSE(fs::exists(scratch / "out"));
  }
}

}  // namespace
}  // namespace trainer::test
