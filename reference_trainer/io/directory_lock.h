// One writer for a directory.
#pragma once

#include <filesystem>

namespace trainer {

// Holds an advisory lock (flock) on a directory as long as it lives; the system releases it when
// the process ends, however it ends, and nothing is left in the directory.
class DirectoryLock {
 public:
  // Throws Error: CK-13 with ExitCode::kBusy when another process holds it, IO-01 when the
  // directory cannot be opened.
  explicit DirectoryLock(const std::filesystem::path& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace trainer
