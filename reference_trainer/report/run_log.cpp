#include "reference_trainer/report/run_log.h"

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

// Whether the last byte of a non-empty file is not a line end.
bool ends_inside_line(int file) {
  struct stat status {};
  if (fstat(file, &status) != 0 || status.st_size == 0) return false;
  char last = '\n';
  return pread(file, &last, 1, status.st_size - 1) == 1 && last != '\n';
}

}  // namespace

RunLog::Descriptor::~Descriptor() {
  if (number >= 0) close(number);
}

RunLog::RunLog(const std::filesystem::path& output_dir)
    : path_(output_dir / "log.jsonl"),
      file_(open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644)) {
  if (file_.number < 0) throw_log_error(path_, "", errno);
  if (ends_inside_line(file_.number)) append("\n");
}

void RunLog::write(const nlohmann::ordered_json& record) {
  append(record.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

void RunLog::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.number, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_log_error(path_, "a failed write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace trainer
