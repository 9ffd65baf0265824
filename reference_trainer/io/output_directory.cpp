#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/staged_directory.h"

namespace trainer {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& output, const std::string& got,
                         const std::string& hint = "") {
  throw_usage({"CL-05", output.string(), got,
               "an output directory that does not exist or is empty and can be written", hint});
}

// Rights of the effective user, which is who will write.
void check_writable(const fs::path& output, const fs::path& directory) {
  if (::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return;
  refuse(output, directory.string() + " that cannot be written: " + std::strerror(errno));
}

fs::path resolved(const fs::path& output) {
  try {
    return resolve_target(output);
  } catch (const Error& failure) {
    refuse(output, failure.parts().got);
  }
}

fs::path nearest_existing_parent(const fs::path& path) {
  fs::path parent = path.parent_path();
  std::error_code error;
  while (!fs::exists(parent, error) && parent.has_relative_path()) parent = parent.parent_path();
  return parent;
}

void check_existing(const fs::path& output) {
  std::error_code error;
  const bool empty = fs::is_empty(output, error);
  if (error == std::errc::too_many_files_open) {  // no fault of the directory
    throw_io({"IO-02", output.string(), "a directory that cannot be listed",
              "a file descriptor for it", "raise the limit of open files, ulimit -n"},
             error.value());
  }
  if (error) refuse(output, "a directory that cannot be listed: " + error.message());
  if (!empty) {
    refuse(output, "a directory that is not empty", "choose another name, or remove it first");
  }
  check_writable(output, output);
}

}  // namespace

void check_output_directory(const fs::path& output, const fs::path& input) {
  if (output.empty()) refuse(output, "an empty path");
  std::error_code error;
  const fs::file_status status = fs::status(output, error);
  if (status.type() == fs::file_type::none) {
    refuse(output, error.value() == ELOOP ? "a loop of symbolic links" : error.message());
  }
  const fs::path target = resolved(output);
  // By inode, so that every spelling of the input is found.
  if (!input.empty() && fs::equivalent(target, input, error)) {
    refuse(output, "the input directory", "the input is never written to");
  }
  if (fs::exists(status) && !fs::is_directory(status)) refuse(output, "a file");
  if (fs::exists(status)) check_existing(output);
  if (!fs::exists(status) && fs::is_symlink(output, error)) {
    refuse(output, "a symbolic link to nothing");
  }
  const fs::path parent = nearest_existing_parent(target);
  if (!fs::is_directory(parent, error)) refuse(output, parent.string() + " that is a file");
  check_writable(output, parent);
}

}  // namespace trainer
