#include "reference_trainer/report/append_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "reference_trainer/base/error.h"

namespace trainer {
namespace {

[[noreturn]] void throw_log_error(const std::filesystem::path& path, const std::string& got,
                                  int error_number) {
  throw_io({"DF-03", path.string(), got, "a log that can be appended to", "is the disk full?"},
           error_number);
}

}  // namespace

AppendFile::AppendFile(std::filesystem::path path)
    : path_(std::move(path)),
      descriptor_(open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) throw_log_error(path_, "", errno);
}

AppendFile::~AppendFile() { close(descriptor_); }

void AppendFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_log_error(path_, "a failed write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

bool AppendFile::ends_inside_line() const {
  struct stat status {};
  if (fstat(descriptor_, &status) != 0 || status.st_size == 0) return false;
  char last = '\n';
  return pread(descriptor_, &last, 1, status.st_size - 1) == 1 && last != '\n';
}

}  // namespace trainer
