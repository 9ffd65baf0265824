// Files for the tests of this room: made in a temporary directory, or golden, or shared.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "reference_trainer/base/error.h"
#include "reference_trainer/data/tokenizer.h"

namespace trainer {

// A directory that lives as long as the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "data_test_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::filesystem::path golden_path(const std::string& name) {
  return std::filesystem::path(ROSTE_SOURCE_DIR) / "tests" / "golden" / name;
}

inline nlohmann::json read_golden(const std::string& name) {
  std::ifstream file(golden_path(name));
  return nlohmann::json::parse(file);
}

inline Tokenizer load_tokenizer(const nlohmann::json& json, std::int64_t vocab_size) {
  const TemporaryDirectory directory;
  directory.write("tokenizer.json", json.dump());
  return Tokenizer::load(directory.path(), vocab_size);
}

inline std::filesystem::path shared_data(const std::string& name) {
  return std::filesystem::path(ROSTE_SHARED_DATA) / name;
}

// The failure of `action`; codes and places are compared, and the line must be a single one.
template <typename Action>
ErrorParts error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kBadInput);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.parts();
  }
  ADD_FAILURE() << "no error";
  return {};
}

}  // namespace trainer
