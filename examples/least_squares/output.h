// A directory of results that appears complete or not at all.
#pragma once

#include <string>
#include <vector>

namespace least_squares {

struct File {
  std::string name;
  std::string contents;
};

// Throws Failure(kUsage) unless `directory` is new or empty: results never mix.
void check_output_directory(const std::string& directory);

// Writes the files beside `directory` under a hidden name and renames them into place together.
// Throws Failure(kIo); then `directory` is as it was.
void write_directory(const std::string& directory, const std::vector<File>& files);

}  // namespace least_squares
