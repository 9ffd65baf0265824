// What the flags of `train` do to the log, the samples and the model.
#include <nlohmann/json.hpp>

#include <sstream>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;

Outcome train(const fs::path& out, const std::vector<std::string>& extra,
              const fs::path& model = tiny_model()) {
  std::vector<std::string> arguments{"train",     "--model_name_or_path", model,
                                     "--dataset", tiny_data("train"),     "--max_new_tokens",
                                     "2",         "--output_dir",         out};
  arguments.insert(arguments.end(), extra.begin(), extra.end());
  return run_program(arguments);
}

std::vector<json> log_lines(const fs::path& out) {
  std::istringstream text(read_text(out / "log.jsonl"));
  std::vector<json> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
  return lines;
}

std::vector<int> logged_steps(const fs::path& out) {
  std::vector<int> steps;
  for (const json& line : log_lines(out)) steps.push_back(line.at("step"));
  return steps;
}

json eval_of(const fs::path& out) { return json::parse(read_text(out / "eval.json")); }
json roste_of(const fs::path& out) { return json::parse(read_text(out / "model/roste.json")); }

// 40 samples, 20 held out: 20 samples in steps of 3 * 2 are 4 steps, the last one incomplete.
TEST(TrainingOptions, EpochsBecomeStepsOfAllMicroBatches) {
  const Scratch scratch;
  const Outcome t =
      train(scratch / "out",
            {"--method", "sft", "--eval_fraction", "0.5", "--num_train_epochs", "1",
             "--per_device_train_batch_size", "3", "--gradient_accumulation_steps", "2"});
  ASSERT_EQ(t.exit_code, 0) << t.err;
  EXPECT_NE(t.err.find("20 samples to train on, 20 held out"), std::string::npos) << t.err;
  EXPECT_EQ(logged_steps(scratch / "out"), (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(eval_of(scratch / "out").at("samples"), 20);
}

TEST(TrainingOptions, LoggingStepsAndTheLastStepAreLogged) {
  const Scratch scratch;
  ASSERT_EQ(train(scratch / "out", {"--method", "sft", "--max_steps", "7", "--logging_steps", "3"})
                .exit_code,
            0);
  EXPECT_EQ(logged_steps(scratch / "out"), (std::vector<int>{3, 6, 7}));
}

TEST(TrainingOptions, EventFilesAreWrittenOnRequest) {
  const Scratch scratch;
  const auto event_files = [](const fs::path& out) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(out)) {
      if (entry.path().filename().string().find("tfevents") != std::string::npos)
        found.push_back(entry.path());
    }
    return found;
  };
  ASSERT_EQ(train(scratch / "without", {"--method", "sft", "--max_steps", "2"}).exit_code, 0);
  EXPECT_TRUE(event_files(scratch / "without").empty());
  ASSERT_EQ(
      train(scratch / "with", {"--method", "sft", "--max_steps", "2", "--tensorboard"}).exit_code,
      0);
  const auto files = event_files(scratch / "with");
  ASSERT_EQ(files.size(), 1u);
  const std::string bytes = read_text(files[0]);
  for (const char* tag : {"sft/loss", "sft/grad_norm", "sft/learning_rate"})
    EXPECT_NE(bytes.find(tag), std::string::npos) << tag;
}

TEST(TrainingOptions, ALogLineHoldsTheTokensOfTheWholeStep) {
  const Scratch scratch;
  for (const char* shape : {"1", "4"}) {
    const std::string other = shape == std::string("1") ? "4" : "1";
    ASSERT_EQ(train(scratch / shape,
                    {"--method", "sft", "--max_steps", "1", "--per_device_train_batch_size", shape,
                     "--gradient_accumulation_steps", other})
                  .exit_code,
              0);
  }
  EXPECT_EQ(log_lines(scratch / "1")[0].at("tokens"), log_lines(scratch / "4")[0].at("tokens"));
}

// A learning rate that changes no float shows which samples are held out by their loss.
TEST(TrainingOptions, TheSeedChoosesTheHeldOutSamples) {
  const Scratch scratch;
  for (const char* seed : {"1", "2"}) {
    ASSERT_EQ(train(scratch / seed, {"--method", "sft", "--max_steps", "1", "--learning_rate",
                                     "1e-30", "--seed", seed, "--eval_fraction", "0.1"})
                  .exit_code,
              0);
    EXPECT_EQ(eval_of(scratch / seed).at("samples"), 4);
  }
  EXPECT_NE(eval_of(scratch / "1").at("loss"), eval_of(scratch / "2").at("loss"));
}

TEST(TrainingOptions, WeightDecayChangesTheModel) {
  const Scratch scratch;
  for (const char* decay : {"0", "0.5"}) {
    ASSERT_EQ(train(scratch / decay, {"--method", "sft", "--max_steps", "2", "--learning_rate",
                                      "1e-2", "--weight_decay", decay})
                  .exit_code,
              0);
  }
  EXPECT_NE(eval_of(scratch / "0").at("loss"), eval_of(scratch / "0.5").at("loss"));
}

TEST(TrainingOptions, TheMethodDecidesQuantizersAndRotations) {
  const Scratch scratch;
  for (const char* method : {"sft", "ste", "roste"}) {
    ASSERT_EQ(train(scratch / method,
                    {"--method", method, "--max_steps", "1", "--calibration_samples", "4"})
                  .exit_code,
              0);
  }
  const auto bits = [&](const char* method) {
    return roste_of(scratch / method).at("quantization").at("weight").at("bits").get<int>();
  };
  const auto rotations = [&](const char* method) {
    return roste_of(scratch / method).at("rotation").at("layers").at(0).get<std::string>();
  };
  EXPECT_EQ(bits("sft"), 16);
  EXPECT_EQ(bits("ste"), 4);
  EXPECT_EQ(bits("roste"), 4);
  EXPECT_EQ(rotations("sft"), "0000");
  EXPECT_EQ(rotations("ste"), "0000");
  EXPECT_NE(rotations("roste"), "0000");
  for (const char* method : {"sft", "ste", "roste"})
    EXPECT_EQ(roste_of(scratch / method).at("norm_gains"), "folded");
}

// The model's context is 256 positions: a longer prompt loses its start.
TEST(TrainingOptions, SamplesAreCutAtTheModelsContext) {
  const Scratch scratch;
  std::string prompt;
  for (int i = 0; i < 300; ++i) prompt += "we ";
  write_text(scratch / "long.jsonl", json{{"prompt", prompt}, {"completion", "we"}}.dump() + "\n");
  const Outcome e = run_program({"eval", "--model_name_or_path", tiny_model(), "--dataset",
                                 scratch / "long.jsonl", "--max_new_tokens", "1"});
  ASSERT_EQ(e.exit_code, 0) << e.err;
  EXPECT_NE(e.err.find("1 prompt truncated"), std::string::npos) << e.err;
}

TEST(TrainingOptions, RO11_QuantizedAndRotatedModelsAreNotTrained) {
  const Scratch scratch;
  const fs::path quantized = scratch / "quantized", rotated = scratch / "rotated";
  ASSERT_EQ(
      run_program({"quantize", "--model_name_or_path", tiny_model(), "--output_dir", quantized})
          .exit_code,
      0);
  ASSERT_EQ(run_program({"rotate", "--model_name_or_path", tiny_model(), "--rotations", "1000",
                         "--output_dir", rotated})
                .exit_code,
            0);
  for (const fs::path& model : {quantized, rotated}) {
    const Outcome t = train(scratch / "out", {"--max_steps", "1"}, model);
    EXPECT_EQ(t.exit_code, 3);
    EXPECT_NE(t.err.find("RO-11"), std::string::npos) << t.err;
    EXPECT_FALSE(fs::exists(scratch / "out"));
  }
}

// Resumes a run whose model has been lost.
Outcome resume(const fs::path& out, std::vector<std::string> arguments) {
  fs::remove_all(out / "model");
  arguments.push_back("--resume");
  return train(out, arguments);
}

const std::vector<std::string> kShort{"--method", "roste", "--max_steps", "3", "--save_steps", "2"};

std::vector<std::string> and_also(std::vector<std::string> words,
                                  const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void write_choice(const fs::path& file, const std::string& digits) {
  const json choice{{"layers", {digits, digits}}, {"seed", 1}};
  write_text(file, json{{"rotation", choice}}.dump());
}

// The file of --rotations may have changed since: the checkpoint's choice counts.
TEST(TrainingOptions, AResumedRunKeepsItsRotations) {
  const Scratch scratch;
  const fs::path out = scratch / "out", file = scratch / "choice.json";
  const auto arguments = and_also(kShort, {"--rotations", file});
  write_choice(file, "0101");
  ASSERT_EQ(train(out, arguments).exit_code, 0);
  const std::string whole = read_text(out / "model/model.safetensors");
  write_choice(file, "1010");
  const Outcome resumed = resume(out, arguments);
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(roste_of(out).at("rotation").at("layers").at(0), "0101");
  EXPECT_TRUE(read_text(out / "model/model.safetensors") == whole);
}

TEST(TrainingOptions, CK11_AResumeWithOtherQuantizersIsRefused) {
  const Scratch scratch;
  const fs::path out = scratch / "out";
  ASSERT_EQ(train(out, kShort).exit_code, 0);
  const Outcome refused = resume(out, and_also(kShort, {"--kv_bits", "8"}));
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_NE(refused.err.find("CK-11"), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace trainer::test
