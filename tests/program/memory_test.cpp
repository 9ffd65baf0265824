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
