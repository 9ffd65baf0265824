#include "reference_trainer/io/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "reference_trainer/base/error.h"

namespace trainer {

DirectoryLock::DirectoryLock(const std::filesystem::path& directory)
    : descriptor_(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0)
    throw_io({"IO-01", directory.string(), "", "a directory that can be opened", ""}, errno);
  if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  close(descriptor_);
  throw Error(ExitCode::kBusy,
              {"CK-13", directory.string(), "a directory that another process writes to",
               "one process at a time", "wait for it, or choose another --output_dir"});
}

DirectoryLock::~DirectoryLock() { close(descriptor_); }

}  // namespace trainer
