// Command lines as a shell would pass them.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "reference_trainer/base/error.h"
#include "reference_trainer/commands/options.h"

namespace trainer {

using Words = std::vector<std::string>;

inline CommandLine parse(const Words& words) {
  std::vector<const char*> argv = {"reference_trainer"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

// The usage error that parsing ends in; nothing when it succeeds.
inline std::optional<Error> parse_error(const Words& words) {
  try {
    parse(words);
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

// "CL-02" and the like; "none" when parsing succeeds.
inline std::string error_code(const Words& words) {
  const auto error = parse_error(words);
  return error ? error->parts().code : "none";
}

inline Words operator+(Words first, const Words& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// Valid command lines that a test adds one mistake to.
inline const Words kTrainWords = {"train",       "--model_name_or_path", "base",       "--dataset",
                                  "train.jsonl", "--output_dir",         "out/trained"};
inline const Words kRunWords = {"run",         "--model_name_or_path", "base",   "--dataset",
                                "train.jsonl", "--output_dir",         "out/run"};

// A file with these contents, removed at the end of its scope; tests of other processes do not see
// it.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& name, const std::string& contents)
      : path_(std::filesystem::temp_directory_path() / (std::to_string(getpid()) + "_" + name)) {
    std::ofstream(path_, std::ios::binary) << contents;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace trainer
