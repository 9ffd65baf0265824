#include "reference_trainer/io/staged_directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/file.h"

namespace trainer {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxNames = 1000;

[[noreturn]] void throw_failed(const fs::path& path, const std::string& what, int reason) {
  throw_io({"IO-02", path.string(), what, "a directory or file that can be written", ""}, reason);
}

// A directory is on the disk when its parent has been synced, too.
void create_parents(const fs::path& directory) {
  std::error_code error;
  if (fs::is_directory(directory, error)) return;
  if (directory.has_relative_path()) create_parents(directory.parent_path());
  if (::mkdir(directory.c_str(), 0777) != 0 && errno != EEXIST) {
    throw_failed(directory, "a directory that cannot be created", errno);
  }
  sync_path(directory.parent_path());
}

// Locks a staging directory; -1 where another process, or another object of this one, holds it.
FileDescriptor lock_staging(const fs::path& path) {
  FileDescriptor descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.get() >= 0 && ::flock(descriptor.get(), LOCK_EX | LOCK_NB) == 0) return descriptor;
  return FileDescriptor(-1);
}

// What a killed process left beside `target`: nobody holds its lock. Failing to remove it harms
// nothing.
void sweep_stale(const fs::path& target) {
  const std::string stem = ".tmp-" + target.filename().string() + "-";
  std::vector<fs::path> stale;
  std::error_code error;
  for (fs::directory_iterator entry(target.parent_path(), error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const bool ours = name.starts_with(stem) &&
                      name.find_first_not_of("0123456789-", stem.size()) == std::string::npos;
    if (ours && entry->is_directory(error)) stale.push_back(entry->path());
  }
  for (const fs::path& path : stale) {
    if (lock_staging(path).get() >= 0) fs::remove_all(path, error);
  }
}

// A name that is free: a process with our id may have died here before us. Nothing is allocated
// once the directory is there, as nobody would remove it.
fs::path create_staging(const fs::path& target) {
  const std::string stem = ".tmp-" + target.filename().string() + "-" + std::to_string(::getpid());
  for (int i = 0; i < kMaxNames; ++i) {
    fs::path path = target.parent_path() / (i == 0 ? stem : stem + "-" + std::to_string(i));
    if (::mkdir(path.c_str(), 0777) == 0) return path;
    if (errno != EEXIST) throw_failed(path, "a directory that cannot be created", errno);
  }
  throw_failed(target, "too many left-over " + stem + "*", EEXIST);
}

// Renames `from` to `to` unless `to` exists. File systems without RENAME_NOREPLACE get a plain
// rename, which still refuses to replace a directory that holds files.
void rename_to_new(const fs::path& from, const fs::path& to) {
  int result = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
  if (result != 0 && (errno == ENOSYS || errno == EINVAL)) {
    result = ::rename(from.c_str(), to.c_str());
  }
  if (result != 0) throw_failed(to, "a failed rename of " + from.string(), errno);
}

// File systems without RENAME_EXCHANGE get three renames: a crash between them leaves both beside
// each other, and none under the name of `to`.
void exchange(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) == 0) return;
  if (errno != ENOSYS && errno != EINVAL) {
    throw_failed(to, "a failed exchange with " + from.string(), errno);
  }
  const fs::path aside = from.string() + "-aside";
  rename_to_new(to, aside);
  rename_to_new(from, to);
  rename_to_new(aside, from);
}

void sync_tree(const fs::path& directory) {
  std::error_code error;
  fs::directory_iterator entries;
  do {
    entries = fs::directory_iterator(directory, error);
  } while (error == std::errc::interrupted);
  if (error) throw_failed(directory, "a directory that cannot be listed", error.value());
  for (const fs::directory_entry& entry : entries) {
    entry.is_directory() ? sync_tree(entry.path()) : sync_path(entry.path());
  }
  sync_path(directory);
}

}  // namespace

fs::path resolve_target(const fs::path& path) {
  try {
    const fs::path result = fs::weakly_canonical(fs::absolute(path));
    return result.has_filename() ? result : result.parent_path();
  } catch (const fs::filesystem_error& failure) {
    if (failure.code() == std::errc::not_enough_memory) throw std::bad_alloc();
    throw_failed(path, "a path that cannot be resolved", failure.code().value());
  }
}

StagedDirectory::StagedDirectory(fs::path target) : target_(resolve_target(target)) {
  create_parents(target_.parent_path());
  sweep_stale(target_);
  staging_ = create_staging(target_);
  alive_ = lock_staging(staging_);
}

StagedDirectory::~StagedDirectory() {
  if (committed_) return;
  alive_ = FileDescriptor(-1);  // there may be no other descriptor to remove the rest with
  try {  // a destructor has nobody to tell, and walking a tree needs memory; sweeps come later
    std::error_code ignored;
    fs::remove_all(staging_, ignored);
  } catch (const std::bad_alloc&) {
  }
}

const fs::path& StagedDirectory::path() const { return staging_; }

void StagedDirectory::commit() {
  sync_tree(staging_);
  // An empty directory at the target may be replaced; rmdir fails on anything else.
  if (::rmdir(target_.c_str()) != 0 && errno != ENOENT) {
    throw_failed(target_, "a target that is not an empty directory", errno);
  }
  rename_to_new(staging_, target_);
  committed_ = true;
  sync_path(target_.parent_path());
}

void StagedDirectory::commit_over() {
  sync_tree(staging_);
  committed_ = true;  // until the exchange is on the disk, both are needed
  exchange(staging_, target_);
  sync_path(target_.parent_path());
  committed_ = false;  // what was replaced: the destructor removes it
}

void write_file_atomically(const fs::path& path, std::string_view contents) {
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const fs::path staging =
      parent / (".tmp-" + path.filename().string() + "-" + std::to_string(::getpid()));
  try {
    write_whole_file(staging, std::as_bytes(std::span(contents)));
    if (::rename(staging.c_str(), path.c_str()) != 0) {
      throw_failed(path, "a failed rename of " + staging.string(), errno);
    }
  } catch (...) {
    ::unlink(staging.c_str());
    throw;
  }
  sync_path(parent);
}

}  // namespace trainer
