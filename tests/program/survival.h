// Trainings of some seconds, processes that are sent signals, and calls that fail in them.
#pragma once

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

#include "tests/program/program.h"

namespace trainer::test {

// STE on the tiny model: `steps` steps with a checkpoint every third.
inline Words survival_training(const fs::path& out, const std::string& steps) {
  return {"train",
          "--method",
          "ste",
          "--model_name_or_path",
          tiny_model(),
          "--dataset",
          tiny_data("train"),
          "--eval_dataset",
          tiny_data("test"),
          "--output_dir",
          out,
          "--max_steps",
          steps,
          "--save_steps",
          "3",
          "--learning_rate",
          "2e-3",
          "--per_device_train_batch_size",
          "4",
          "--max_new_tokens",
          "2",
          "--threads",
          "1",
          "--quiet"};
}

inline std::string final_weights(const fs::path& out) {
  return read_text(out / "model/model.safetensors");
}

inline long lines_of(const fs::path& file) {
  const std::string text = read_text(file);
  return std::count(text.begin(), text.end(), '\n');
}

inline bool wait_until(const std::function<bool()>& condition) {
  for (int tries = 0; tries < 100'000; ++tries) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return false;
}

// The program in a process of its own, with the usual rules for signals.
class Process {
 public:
  Process(const Words& arguments, const fs::path& directory) : directory_(directory) {
    fs::create_directories(directory);
    std::string command = "exec " + quoted(ROSTE_PROGRAM);
    for (const std::string& a : arguments) command += " " + quoted(a);
    command += " >" + quoted(directory / "out") + " 2>" + quoted(directory / "err");
    child_ = ::fork();
    if (child_ != 0) return;
    for (const int s : {SIGINT, SIGTERM, SIGHUP}) ::signal(s, SIG_DFL);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }

  void send(int signal) const { ::kill(child_, signal); }

  Outcome wait() const {
    int status = 0;
    ::waitpid(child_, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            read_text(directory_ / "out"), read_text(directory_ / "err")};
  }

 private:
  fs::path directory_;
  pid_t child_ = -1;
};

// Calls of the program below `below` fail, from the first-th to the last-th; kinds are those of
// tests/tools/fault_preload.cpp. Goes in front of a command.
inline std::string failing(const fs::path& below, const std::string& kind, long first, long last) {
  return "LD_PRELOAD=" + quoted(FAULT_PRELOAD) + " ROSTE_FAULT_BELOW=" + quoted(below) +
         " ROSTE_FAULT_KIND=" + kind + " ROSTE_FAULT_AT=" + std::to_string(first) +
         " ROSTE_FAULT_LAST=" + std::to_string(last);
}

// The number of such calls.
inline long calls_below(const fs::path& below, const Words& arguments, const fs::path& counter) {
  const std::string before = "LD_PRELOAD=" + quoted(FAULT_PRELOAD) +
                             " ROSTE_FAULT_BELOW=" + quoted(below) +
                             " ROSTE_FAULT_COUNT=" + quoted(counter);
  EXPECT_EQ(run_program(arguments, before).exit_code, 0);
  return std::atol(read_text(counter).c_str());
}

inline void expect_one_error_line(const Outcome& got, const std::string& what) {
  EXPECT_EQ(got.exit_code, 4) << what << ": " << got.err;
  EXPECT_TRUE(got.err.starts_with("error: ")) << what << ": " << got.err;
  EXPECT_EQ(std::count(got.err.begin(), got.err.end(), '\n'), 1) << what << ": " << got.err;
}

// What a command that did not end well may not leave.
inline void expect_nothing_hidden(const fs::path& directory, const std::string& what) {
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    EXPECT_FALSE(name.starts_with(".tmp-") || name.starts_with(".trash-"))
        << what << " left " << entry.path();
  }
}

}  // namespace trainer::test
