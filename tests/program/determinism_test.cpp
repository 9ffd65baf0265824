// The same bits for any number of threads, and after kill -9 and --resume.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <thread>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

std::vector<std::string> training(const fs::path& out, const std::string& threads) {
  return {"train",
          "--method",
          "roste",
          "--rotations",
          "1111",
          "--model_name_or_path",
          tiny_model(),
          "--dataset",
          tiny_data("train"),
          "--eval_dataset",
          tiny_data("test"),
          "--output_dir",
          out,
          "--max_steps",
          "60",
          "--learning_rate",
          "2e-3",
          "--save_steps",
          "7",
          "--per_device_train_batch_size",
          "8",
          "--max_new_tokens",
          "4",
          "--threads",
          threads,
          "--quiet"};
}

std::string weights(const fs::path& out) { return read_text(out / "model/model.safetensors"); }

TEST(Determinism, OneAndTwoThreadsGiveTheSameLossesAndWeights) {
  const Scratch scratch;
  ASSERT_EQ(run_program(training(scratch / "one", "1")).exit_code, 0);
  ASSERT_EQ(run_program(training(scratch / "two", "2")).exit_code, 0);
  EXPECT_FALSE(weights(scratch / "one").empty());
  EXPECT_EQ(weights(scratch / "one"), weights(scratch / "two"));
  EXPECT_EQ(read_text(scratch / "one" / "log.jsonl"), read_text(scratch / "two" / "log.jsonl"));
}

// Starts training, kills it with SIGKILL once its log has `lines` lines. The pid is that of the
// shell's child.
void train_and_kill(const std::vector<std::string>& arguments, const fs::path& log, int lines) {
  std::string command = quoted(ROSTE_PROGRAM);
  for (const std::string& a : arguments) command += " " + quoted(a);
  const pid_t child = fork();
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", ("exec " + command + " >/dev/null 2>&1").c_str(),
          static_cast<char*>(nullptr));
    _exit(127);
  }
  for (int tries = 0; tries < 100'000; ++tries) {
    const std::string text = read_text(log);
    if (std::count(text.begin(), text.end(), '\n') >= lines) break;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
      << "it ended before it could be killed";
}

TEST(Determinism, KilledAtThreeRandomStepsAndResumedGivesTheSameWeights) {
  const Scratch scratch;
  ASSERT_EQ(run_program(training(scratch / "whole", "1")).exit_code, 0);
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  SCOPED_TRACE("random seed " + std::to_string(seed));
  const fs::path out = scratch / "killed";
  std::vector<std::string> arguments = training(out, "1");
  int at = 0;
  for (int kill_number = 0; kill_number < 3; ++kill_number) {
    at += 8 + static_cast<int>(random() % 10);  // lines of the log; at least one new checkpoint
    train_and_kill(arguments, out / "log.jsonl", at);
    if (kill_number == 0) arguments.push_back("--resume");
  }
  const Outcome last = run_program(arguments);
  ASSERT_EQ(last.exit_code, 0) << last.err;
  EXPECT_EQ(weights(out), weights(scratch / "whole"));
}

TEST(Determinism, ResumeWithOtherSettingsIsRefused) {
  const Scratch scratch;
  const fs::path out = scratch / "run";
  ASSERT_EQ(run_program(training(out, "1")).exit_code, 0);
  fs::remove_all(out / "model");
  std::vector<std::string> other = training(out, "1");
  for (std::string& a : other) a = a == "2e-3" ? "1e-3" : a;
  other.push_back("--resume");
  const Outcome refused = run_program(other);
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_NE(refused.err.find("CK-11"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("learning_rate"), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace trainer::test
