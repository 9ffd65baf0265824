// Runs the real program and looks at what a user sees: exit code, stdout, stderr, files.
#pragma once

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/address_sanitizer.h"

namespace trainer::test {

namespace fs = std::filesystem;

inline std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline void write_text(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// Arguments, and more of them.
using Words = std::vector<std::string>;
inline Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

struct Outcome {
  int exit_code = -1;  // 128 + signal if it was killed
  std::string out, err;
};

// A scratch directory of the test that is running, removed afterwards.
class Scratch {
 public:
  Scratch() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    std::string name = test ? std::string(test->test_suite_name()) + "." + test->name() : "suite";
    for (char& c : name) c = c == '/' ? '_' : c;
    path_ = fs::path(testing::TempDir()) / ("roste-" + name);
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~Scratch() { fs::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

inline std::string quoted(const std::string& word) {
  std::string q = "'";
  for (const char c : word) q += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return q + "'";
}

// Runs reference_trainer with `arguments`; `before` goes in front of the command (e.g. "timeout
// 5").
inline Outcome run_program(const std::vector<std::string>& arguments,
                           const std::string& before = "") {
  const fs::path dir = fs::path(testing::TempDir()) / ("roste-io-" + std::to_string(::getpid()));
  fs::create_directories(dir);
  std::string command = before + " " + quoted(ROSTE_PROGRAM);
  for (const std::string& a : arguments) command += " " + quoted(a);
  command += " >" + quoted(dir / "out") + " 2>" + quoted(dir / "err");
  const int status = std::system(command.c_str());
  Outcome result{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                 read_text(dir / "out"), read_text(dir / "err")};
  fs::remove_all(dir);
  return result;
}

// A tiny base model and its task, made once by `pretrain`.
inline const fs::path& tiny_base() {
  static const fs::path directory = [] {
    const fs::path dir =
        fs::path(testing::TempDir()) / ("roste-base-" + std::to_string(::getpid()));
    fs::remove_all(dir);
    const Outcome made = run_program({"pretrain", "--architecture",
                                      "llama",    "--output_dir",
                                      dir,        "--hidden_size",
                                      "32",       "--intermediate_size",
                                      "56",       "--num_hidden_layers",
                                      "2",        "--num_attention_heads",
                                      "4",        "--num_key_value_heads",
                                      "2",        "--max_steps",
                                      "4",        "--pretraining_documents",
                                      "40",       "--train_samples",
                                      "40",       "--validation_samples",
                                      "4",        "--test_samples",
                                      "6",        "--quiet"});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return dir;
  }();
  return directory;
}

inline fs::path tiny_model() { return tiny_base() / "model"; }
inline fs::path tiny_data(const std::string& split) {
  return tiny_base() / "data" / (split + ".jsonl");
}

// Removes what tiny_base() made, when the program of tests ends.
class RemoveTinyBase : public testing::Environment {
 public:
  // A shell starts its background jobs with SIGINT ignored, nohup with SIGHUP, and what is ignored
  // stays so in a program that is started.
  void SetUp() override {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) std::signal(signal, SIG_DFL);
  }
  void TearDown() override {
    fs::remove_all(fs::path(testing::TempDir()) / ("roste-base-" + std::to_string(::getpid())));
  }
};

}  // namespace trainer::test
