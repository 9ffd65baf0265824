#include "tests/support/fault_calls.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>

namespace trainer::fault {
namespace {

std::atomic<bool> armed{false};
Plan plan;
long seen = 0;
bool last_is_recorded = false;
std::vector<Call> made;
std::recursive_mutex mutex;  // a call of the C library inside a call

// Empty where nobody counts: calls then need no memory.
std::string path_of(int descriptor) {
  if (!armed) return {};
  char link[64], target[4096];
  ::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const long n = ::syscall(SYS_readlinkat, AT_FDCWD, link, target, sizeof target);
  return n < 0 ? "" : std::string(target, static_cast<std::size_t>(n));
}

std::string path_at(int directory, const char* path) {
  if (!armed) return {};
  if (path == nullptr || path[0] == '/' || directory == AT_FDCWD) return path ? path : "";
  return path_of(directory) + "/" + path;
}

enum class Verdict { kPass, kFail, kShort, kKill };

// Counts the call and says what becomes of it.
Verdict judge(const Call& call) {
  last_is_recorded = false;
  const bool ours =
      call.path.starts_with(plan.below) || (!call.to.empty() && call.to.starts_with(plan.below));
  if (!armed || !ours) return Verdict::kPass;
  ++seen;
  const long last = plan.last == 0 ? plan.at : plan.last;
  const bool hit = plan.kind != Kind::kNone && seen >= plan.at && seen <= last;
  if (hit && plan.kind == Kind::kKill) return Verdict::kKill;
  if (hit && plan.kind == Kind::kErrno) return Verdict::kFail;
  if (hit && plan.kind == Kind::kSignal) ::raise(plan.error);
  made.push_back(call);
  made.back().number = seen;
  last_is_recorded = true;
  return hit && plan.kind == Kind::kShort ? Verdict::kShort : Verdict::kPass;
}

// A call that the system refused changed nothing.
long recorded(long result) {
  if (result < 0 && last_is_recorded) made.pop_back();
  return result;
}

void die() { ::kill(::getpid(), SIGKILL); }

// The result of `body`, unless the plan has another one.
template <class Body>
long faulty(const Call& call, const Body& body) {
  if (!armed) return body();
  const std::lock_guard lock(mutex);
  switch (judge(call)) {
    case Verdict::kFail:
      errno = plan.error;
      return -1;
    case Verdict::kKill:
      die();
      return -1;
    default:
      return recorded(body());
  }
}

// body(n) writes the first n of `size` bytes.
template <class Body>
long faulty_write(int descriptor, const void* bytes, std::size_t size, const Body& body) {
  if (!armed) return body(size);
  const std::lock_guard lock(mutex);
  const Call call{"write", path_of(descriptor), "", {static_cast<const char*>(bytes), size}};
  switch (judge(call)) {
    case Verdict::kFail:
      errno = plan.error;
      return -1;
    case Verdict::kKill:
      body(size / 2);
      die();
      return -1;
    case Verdict::kShort:
      made.back().bytes.resize(size > 1 ? size / 2 : size);
      return body(size > 1 ? size / 2 : size);
    default:
      return body(size);
  }
}

int open_at(int directory, const char* path, int flags, mode_t mode) {
  const Call call{"open", path_at(directory, path), "", "", (flags & O_CREAT) != 0};
  return static_cast<int>(
      faulty(call, [&] { return ::syscall(SYS_openat, directory, path, flags, mode); }));
}

int rename_at(int from_directory, const char* from, int to_directory, const char* to,
              unsigned flags) {
  const Call call{flags & RENAME_EXCHANGE ? "exchange" : "rename", path_at(from_directory, from),
                  path_at(to_directory, to), ""};
  return static_cast<int>(faulty(call, [&] {
    return ::syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
  }));
}

int unlink_at(int directory, const char* path, int flags) {
  const Call call{flags & AT_REMOVEDIR ? "rmdir" : "unlink", path_at(directory, path), "", ""};
  return static_cast<int>(
      faulty(call, [&] { return ::syscall(SYS_unlinkat, directory, path, flags); }));
}

int make_at(int directory, const char* path, mode_t mode) {
  const Call call{"mkdir", path_at(directory, path), "", ""};
  return static_cast<int>(
      faulty(call, [&] { return ::syscall(SYS_mkdirat, directory, path, mode); }));
}

mode_t mode_of(int flags, va_list arguments) {
  return flags & O_CREAT ? static_cast<mode_t>(va_arg(arguments, unsigned)) : 0;
}

}  // namespace

void arm(const Plan& next) {
  const std::lock_guard lock(mutex);
  plan = next;
  seen = 0;
  made.clear();
  armed = true;
}

long disarm() {
  armed = false;
  return seen;
}

const std::vector<Call>& calls() { return made; }

}  // namespace trainer::fault

using namespace trainer::fault;

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_at(directory, path, flags, mode);
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  return faulty_write(descriptor, bytes, size,
                      [&](std::size_t n) { return ::syscall(SYS_write, descriptor, bytes, n); });
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  return faulty_write(descriptor, bytes, size, [&](std::size_t n) {
    return ::syscall(SYS_pwrite64, descriptor, bytes, n, offset);
  });
}

ssize_t sendfile(int out, int in, off_t* offset, size_t size) noexcept {
  return faulty({"write", path_of(out), "", ""},
                [&] { return ::syscall(SYS_sendfile, out, in, offset, size); });
}

int fsync(int descriptor) {
  return static_cast<int>(faulty({"fsync", path_of(descriptor), "", ""},
                                 [&] { return ::syscall(SYS_fsync, descriptor); }));
}

int close(int descriptor) {
  if (!armed) return static_cast<int>(::syscall(SYS_close, descriptor));
  const Call call{"close", path_of(descriptor), "", ""};
  const auto result = static_cast<int>(faulty(call, [] { return 0L; }));
  const int error = errno;
  ::syscall(SYS_close, descriptor);
  errno = error;
  return result;
}

int ftruncate(int descriptor, off_t size) noexcept {
  return static_cast<int>(faulty({"ftruncate", path_of(descriptor), "", ""},
                                 [&] { return ::syscall(SYS_ftruncate, descriptor, size); }));
}

int fallocate(int descriptor, int mode, off_t offset, off_t size) {
  return static_cast<int>(faulty({"fallocate", path_of(descriptor), "", ""}, [&] {
    return ::syscall(SYS_fallocate, descriptor, mode, offset, size);
  }));
}

int rename(const char* from, const char* to) noexcept {
  return rename_at(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat2(int from_directory, const char* from, int to_directory, const char* to,
              unsigned flags) noexcept {
  return rename_at(from_directory, from, to_directory, to, flags);
}

int mkdir(const char* path, mode_t mode) noexcept { return make_at(AT_FDCWD, path, mode); }
int unlink(const char* path) noexcept { return unlink_at(AT_FDCWD, path, 0); }
int rmdir(const char* path) noexcept { return unlink_at(AT_FDCWD, path, AT_REMOVEDIR); }
int unlinkat(int directory, const char* path, int flags) noexcept {
  return unlink_at(directory, path, flags);
}

// remove() of the C library calls the two above by names that cannot be replaced.
int remove(const char* path) noexcept {
  const int result = unlink_at(AT_FDCWD, path, 0);
  return result != 0 && errno == EISDIR ? unlink_at(AT_FDCWD, path, AT_REMOVEDIR) : result;
}

}  // extern "C"
