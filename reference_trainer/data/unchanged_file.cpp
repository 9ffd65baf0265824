#include "reference_trainer/data/unchanged_file.h"

#include <sys/stat.h>

#include <string>

#include "reference_trainer/base/error.h"

namespace trainer {
namespace {

// All zero where there is no such file.
FileState state_of(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
          static_cast<std::uint64_t>(status.st_size),
          std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& got) {
  throw_bad_input({"DS-06", path.string(), got, "the same data set for the whole run",
                   "start again when nobody writes to the file"});
}

}  // namespace

UnchangedFile::UnchangedFile(std::filesystem::path path)
    : path_(std::move(path)), first_(state_of(path_)) {}

void UnchangedFile::require() const {
  const FileState now = state_of(path_);
  if (now == first_) return;
  if (now == FileState{}) refuse(path_, "no file any more");
  refuse(path_, "a file of " + std::to_string(now.bytes) +
                    " bytes that changed while it was used (" + std::to_string(first_.bytes) +
                    " bytes at first)");
}

void UnchangedFile::refuse_contents() const {
  refuse(path_, "other contents than when it was first read");
}

}  // namespace trainer
