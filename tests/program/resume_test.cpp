// What --resume accepts and refuses, and that one directory has one writer.
#include <fcntl.h>
#include <sys/file.h>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

std::vector<std::string> training(const fs::path& out) {
  return {"train",
          "--method",
          "roste",
          "--model_name_or_path",
          tiny_model(),
          "--dataset",
          tiny_data("train"),
          "--eval_dataset",
          tiny_data("test"),
          "--output_dir",
          out,
          "--max_steps",
          "6",
          "--learning_rate",
          "2e-3",
          "--save_steps",
          "4",
          "--max_new_tokens",
          "4",
          "--calibration_samples",
          "8",
          "--quiet",
          "--json"};
}

std::vector<std::string> resumed(const fs::path& out, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = training(out);
  arguments.push_back("--resume");
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Resume, AFinishedRunIsOnlyEvaluatedAgain) {
  const Scratch scratch;
  const fs::path out = scratch / "run";
  const Outcome first = run_program(training(out));
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const std::string weights = read_text(out / "model/model.safetensors"),
                    log = read_text(out / "log.jsonl");
  const Outcome again = run_program(resumed(out));
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.out, first.out);
  EXPECT_EQ(read_text(out / "model/model.safetensors"), weights);
  EXPECT_EQ(read_text(out / "log.jsonl"), log);
}

// A run that was killed after its last step, before the model was written.
TEST(Resume, AFinishedRunWithoutItsModelGetsIt) {
  const Scratch scratch;
  const fs::path out = scratch / "run";
  ASSERT_EQ(run_program(training(out)).exit_code, 0);
  const std::string weights = read_text(out / "model/model.safetensors");
  fs::remove_all(out / "model");
  ASSERT_EQ(run_program(resumed(out)).exit_code, 0);
  EXPECT_EQ(read_text(out / "model/model.safetensors"), weights);
}

TEST(Resume, CK11_AnotherRunIsRefusedAndTheDifferenceNamed) {
  const Scratch scratch;
  const fs::path out = scratch / "run";
  ASSERT_EQ(run_program(training(out)).exit_code, 0);
  const std::pair<std::vector<std::string>, std::string> others[] = {
      {{"--rotation_seed", "9"}, "rotation_seed"},
      {{"--rotations", "0000"}, "rotations_flag"},
      {{"--max_length", "40"}, "training_samples"},
      {{"--w_bits", "3"}, "quantization"},
      {{"--seed", "5"}, "seed"}};
  for (const auto& [flags, named] : others) {
    const Outcome refused = run_program(resumed(out, flags));
    EXPECT_EQ(refused.exit_code, 3) << named;
    EXPECT_EQ(refused.err.rfind("error: CK-11 ", 0), 0u) << refused.err;
    EXPECT_NE(refused.err.find(named), std::string::npos) << refused.err;
  }
}

TEST(Resume, CK13_ASecondWriterIsRefused) {
  const Scratch scratch;
  const fs::path out = scratch / "run";
  ASSERT_EQ(run_program(training(out)).exit_code, 0);
  const int held = open(out.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(held, LOCK_EX | LOCK_NB), 0);
  const Outcome refused = run_program(resumed(out));
  close(held);
  EXPECT_EQ(refused.exit_code, 7);
  EXPECT_EQ(refused.err.rfind("error: CK-13 ", 0), 0u) << refused.err;
  EXPECT_EQ(run_program(resumed(out)).exit_code, 0) << "the lock outlived its holder";
}

// Not even the record of its rotations is written.
TEST(Resume, CK13_ASecondNewRunIsRefusedBeforeItWrites) {
  const Scratch scratch;
  const fs::path out = scratch / "run";
  fs::create_directories(out);
  const int held = open(out.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(held, LOCK_EX | LOCK_NB), 0);
  const Outcome refused = run_program(training(out));
  close(held);
  EXPECT_EQ(refused.exit_code, 7);
  EXPECT_EQ(refused.err.rfind("error: CK-13 ", 0), 0u) << refused.err;
  EXPECT_TRUE(fs::is_empty(out));
}

}  // namespace
}  // namespace trainer::test
