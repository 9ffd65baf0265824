// Temporary directories, files made of raw bytes, and the check that every refusal must pass.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "reference_trainer/base/error.h"

namespace trainer::testing {

// Removed with everything in it at the end of the scope.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "io_test_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline void write_text(const std::filesystem::path& path, const std::string& contents) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << contents;
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// A safetensors file: the length of `header` as 8 little-endian bytes, `header`, `data`.
inline std::string raw_safetensors(const std::string& header, const std::string& data) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>((header.size() >> (8 * i)) & 0xff);
  return bytes + header + data;
}

// Every name below `directory`, relative and sorted: to see that nothing was left behind.
inline std::vector<std::string> names_below(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    names.push_back(entry.path().lexically_relative(directory).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The contract of every refusal: the code, its exit code, one line, and what it must mention.
inline void expect_error(const std::function<void()>& action, const std::string& code,
                         ExitCode exit_code, const std::vector<std::string>& mentions) {
  try {
    action();
    ADD_FAILURE() << "accepted; expected " << code;
  } catch (const Error& error) {
    const std::string line = error.what();
    EXPECT_EQ(error.parts().code, code) << line;
    EXPECT_EQ(error.exit_code(), exit_code) << line;
    EXPECT_THAT(line, ::testing::StartsWith("error: " + code + " "));
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
    EXPECT_LT(line.size(), 5000u) << "an error line must stay readable";
    for (const std::string& mention : mentions) {
      EXPECT_THAT(line, ::testing::HasSubstr(mention));
    }
  }
}

}  // namespace trainer::testing
