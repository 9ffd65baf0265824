#include "examples/least_squares/output.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <system_error>

#include "examples/least_squares/failure.h"

namespace least_squares {

namespace fs = std::filesystem;

namespace {

void write_file(const fs::path& path, const std::string& contents) {
  std::ofstream file(path, std::ios::binary);
  file << contents;
  file.close();
  if (!file) throw Failure(ExitCode::kIo, path.string() + ": cannot be written");
}

// Removes what was staged unless it was renamed away.
class Staging {
 public:
  explicit Staging(fs::path path) : path_(std::move(path)) { fs::create_directories(path_); }
  ~Staging() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

void check_output_directory(const std::string& directory) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(directory, error))) return;
  if (!fs::is_directory(directory, error) || !fs::is_empty(directory, error)) {
    throw Failure(ExitCode::kUsage,
                  "--output_dir " + directory + ": exists, expected a new or empty directory");
  }
}

void write_directory(const std::string& directory, const std::vector<File>& files) {
  try {
    const fs::path target = fs::weakly_canonical(fs::absolute(directory) / "");
    const fs::path folder = target.has_filename() ? target : target.parent_path();
    const std::string name = ".tmp-" + folder.filename().string() + "-" + std::to_string(getpid());
    const Staging staging(folder.parent_path() / name);
    for (const File& file : files) write_file(staging.path() / file.name, file.contents);
    fs::rename(staging.path(), folder);  // replaces an empty directory, refuses any other
  } catch (const fs::filesystem_error& error) {
    throw Failure(ExitCode::kIo,
                  "--output_dir " + directory + ": cannot be written: " + error.code().message());
  }
}

}  // namespace least_squares
