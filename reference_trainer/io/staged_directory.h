// A directory that appears complete or not at all: files are written beside the target under a
// hidden name, fsynced, and renamed into place.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "reference_trainer/io/file.h"

namespace trainer {

// `path`, which need not exist, absolute and without links, dots and a slash at its end: what is
// staged beside it lies on the same file system. Throws Error(kIo, IO-02), e.g. for a loop of
// links.
std::filesystem::path resolve_target(const std::filesystem::path& path);

class StagedDirectory {
 public:
  // Creates `.tmp-<name>-<pid>` beside `target` (parents are created), after it has removed those
  // of processes that died. Throws Error(kIo, IO-02).
  explicit StagedDirectory(std::filesystem::path target);
  ~StagedDirectory();  // removes what was not committed
  StagedDirectory(const StagedDirectory&) = delete;
  StagedDirectory& operator=(const StagedDirectory&) = delete;

  const std::filesystem::path& path() const;  // write files here
  // fsync of every file and of the directory, rename (never over an existing target), fsync of the
  // parent.
  void commit();
  // The same where a directory at the target is to be replaced: at every moment either is there.
  void commit_over();

 private:
  std::filesystem::path target_;   // where the directory will appear
  std::filesystem::path staging_;  // where it is being written
  FileDescriptor alive_{-1};       // holds a lock on staging_ as long as its process lives
  bool committed_ = false;
};

// Writes `contents` to `path`, which may exist, through a temporary file, fsync and rename. Throws
// Error(kIo, IO-02); then `path` is as it was.
void write_file_atomically(const std::filesystem::path& path, std::string_view contents);

// Refuses an output directory before any work is done (CL-05): it must not exist or must be empty,
// be a directory, be creatable and writable, and be neither `input` nor inside a symlink loop.
void check_output_directory(const std::filesystem::path& output,
                            const std::filesystem::path& input);

}  // namespace trainer
