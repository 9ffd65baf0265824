// On which samples `measure`, `search` and `quantize` calibrate.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;

Outcome calibrate(const Words& command, const Words& data) {
  Words words = command;
  for (const std::string& word :
       {std::string("--model_name_or_path"), tiny_model().string(),
        std::string("--calibration_samples"), std::string("6"), std::string("--json")})
    words.push_back(word);
  words.insert(words.end(), data.begin(), data.end());
  return run_program(words);
}

// The built-in task's calibration.jsonl has other posts than train.jsonl.
TEST(Calibration, ItsDataSetReplacesTheOther) {
  const Words train{"--dataset", tiny_data("train")};
  const Words other{"--calibration_dataset", tiny_data("calibration")};
  const Words both{"--dataset", tiny_data("train"), "--calibration_dataset",
                   tiny_data("calibration")};
  const Words as_training{"--dataset", tiny_data("calibration")};
  for (const char* command : {"measure", "search"}) {
    const Outcome r = calibrate({command}, other);
    ASSERT_EQ(r.exit_code, 0) << r.err;
    EXPECT_THAT(r.err, testing::HasSubstr("calibration.jsonl"));
    EXPECT_EQ(calibrate({command}, both).out, r.out);
    EXPECT_EQ(calibrate({command}, as_training).out, r.out);
    EXPECT_NE(calibrate({command}, train).out, r.out);
  }
}

TEST(Calibration, GptqTakesItToo) {
  const Scratch scratch;
  const auto weights = [&](const char* name, const Words& data) {
    const Outcome r =
        calibrate({"quantize", "--method", "gptq", "--output_dir", scratch / name}, data);
    EXPECT_EQ(r.exit_code, 0) << r.err;
    return read_text(scratch / name / "model.safetensors");
  };
  const std::string own = weights("own", {"--calibration_dataset", tiny_data("calibration")});
  EXPECT_TRUE(weights("same", {"--dataset", tiny_data("calibration")}) == own);
  EXPECT_FALSE(weights("train", {"--dataset", tiny_data("train")}) == own);
}

TEST(Calibration, CL09_SomeDataIsNeeded) {
  const Scratch scratch;
  const Words commands[] = {
      {"measure"}, {"search"}, {"quantize", "--method", "gptq", "--output_dir", scratch / "out"}};
  for (const Words& command : commands) {
    const Outcome r = calibrate(command, {});
    EXPECT_EQ(r.exit_code, 2);
    EXPECT_THAT(r.err, testing::StartsWith("error: CL-09 "));
    EXPECT_THAT(r.err, testing::HasSubstr("no --dataset"));
  }
  EXPECT_FALSE(fs::exists(scratch / "out"));
}

}  // namespace
}  // namespace trainer::test
