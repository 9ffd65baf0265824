// Files for readers that take a path: written anew for every input, in place and without fsync.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "reference_trainer/io/file.h"

namespace trainer::fuzz {

// In the directory for temporary files (TMPDIR), which scripts/fuzz.sh puts into memory; removed
// with everything in it at the end.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class ScratchFile {
 public:
  explicit ScratchFile(std::filesystem::path path);
  // The file holds exactly `bytes`.
  void set(std::string_view bytes) const;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  FileDescriptor descriptor_;
};

}  // namespace trainer::fuzz
