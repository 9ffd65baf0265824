#include "reference_trainer/io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "reference_trainer/base/error.h"

namespace trainer {
namespace {

// Linux transfers at most 0x7ffff000 bytes a call; smaller steps keep offsets in messages useful.
constexpr std::size_t kStep = std::size_t{1} << 26;

[[noreturn]] void throw_unopened(const std::filesystem::path& path, const OpenRules& rules) {
  const int reason = errno;
  const std::string expected = "a regular file that can be read";
  if (reason == ENOENT || reason == ENOTDIR) {
    throw_bad_input({rules.missing_code, path.string(), "no such file", expected, ""});
  }
  if (reason == ELOOP && rules.links == Links::kRefuse) {
    throw_bad_input({rules.not_a_file_code, path.string(), "a symbolic link", expected,
                     "copy the file that it points to (cp -L)"});
  }
  throw_io({"IO-01", path.string(), "a failed open", expected, ""}, reason);
}

std::string kind_name(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

[[noreturn]] void throw_write_failed(const std::filesystem::path& path, std::uint64_t offset,
                                     const std::string& got, int reason) {
  throw_io({"IO-02", path.string() + "@" + std::to_string(offset), got,
            "every byte to reach the disk", ""},
           reason);
}

// The result of `call`, which is made again when a signal came in between.
template <class Call>
int uninterrupted(const Call& call) {
  for (;;) {
    const int result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

// Any other failure of an fsync is final: the system counts the lost pages as written.
int sync_descriptor(int descriptor) {
  return uninterrupted([&] { return ::fsync(descriptor); });
}

}  // namespace

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

int FileDescriptor::close() {
  // On Linux the descriptor is gone even after EINTR, so a close is never repeated.
  return ::close(std::exchange(descriptor_, -1)) == 0 || errno == EINTR ? 0 : errno;
}

InputFile::InputFile(FileDescriptor descriptor, std::filesystem::path path, std::uint64_t size)
    : descriptor_(std::move(descriptor)), path_(std::move(path)), size_(size) {}

InputFile InputFile::open(const std::filesystem::path& path, const OpenRules& rules) {
  // O_NONBLOCK: opening a FIFO that nobody writes to would otherwise wait for ever.
  const int flags =
      O_RDONLY | O_NONBLOCK | O_CLOEXEC | (rules.links == Links::kRefuse ? O_NOFOLLOW : 0);
  FileDescriptor descriptor(uninterrupted([&] { return ::open(path.c_str(), flags); }));
  if (descriptor.get() < 0) throw_unopened(path, rules);
  struct stat status {};
  if (::fstat(descriptor.get(), &status) != 0) throw_unopened(path, rules);
  if (!S_ISREG(status.st_mode)) {
    throw_bad_input({rules.not_a_file_code, path.string(), kind_name(status.st_mode),
                     "a regular file", "copy the data into a file first"});
  }
  return InputFile(std::move(descriptor), path, static_cast<std::uint64_t>(status.st_size));
}

void InputFile::read_at(std::uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::pread(descriptor_.get(), bytes.data(), std::min(bytes.size(), kStep),
                                  static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    const std::string where = path_.string() + "@" + std::to_string(offset);
    const std::string expected = std::to_string(bytes.size()) + " more bytes";
    if (count < 0) throw_io({"IO-01", where, "a failed read", expected, ""}, errno);
    if (count == 0) {
      throw Error(ExitCode::kIo, {"ST-13", where, "the end of the file", expected,
                                  "the file was cut short while it was being read"});
    }
    offset += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

OutputFile::OutputFile(FileDescriptor descriptor, std::filesystem::path path)
    : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

OutputFile OutputFile::create(const std::filesystem::path& path) {
  FileDescriptor descriptor(uninterrupted(
      [&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666); }));
  if (descriptor.get() < 0) throw_write_failed(path, 0, "a file that cannot be created", errno);
  return OutputFile(std::move(descriptor), path);
}

void OutputFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_.get(), bytes.data(), std::min(bytes.size(), kStep));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_write_failed(path_, written_, "a failed write", errno);
    written_ += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void OutputFile::finish() {
  if (sync_descriptor(descriptor_.get()) != 0)
    throw_write_failed(path_, written_, "a failed fsync", errno);
  const int reason = descriptor_.close();
  if (reason != 0) throw_write_failed(path_, written_, "a failed close", reason);
}

void write_whole_file(const std::filesystem::path& path, std::span<const std::byte> contents) {
  OutputFile file = OutputFile::create(path);
  file.write(contents);
  file.finish();
}

void sync_path(const std::filesystem::path& path) {
  const FileDescriptor descriptor(
      uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  // Some network file systems cannot fsync a directory and say EINVAL; there is nothing to wait
  // for.
  if (descriptor.get() < 0 || (sync_descriptor(descriptor.get()) != 0 && errno != EINVAL)) {
    throw_write_failed(path, 0, "a failed fsync", errno);
  }
}

}  // namespace trainer
