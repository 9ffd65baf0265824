#include "reference_trainer/base/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#if defined(__SSE2__)
#include <immintrin.h>
#endif
#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace trainer {

void reserve_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) != -1) continue;
    // The wrong way round: reading stdin and writing the other two are errors. open() takes the
    // lowest number that is free, which is this one.
    static_cast<void>(::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY));
  }
}

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown processor";
}

std::uint64_t peak_resident_bytes() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts in KiB
}

namespace {

constexpr std::uint64_t kUnknown = std::numeric_limits<std::uint64_t>::max();

// The number that a file begins with, after `label` if there is one; kUnknown where it has none
// ("max").
std::uint64_t number_in(const char* path, const std::string& label) {
  std::ifstream file(path);
  std::string word;
  while (!label.empty() && word != label && file >> word) {
  }
  std::uint64_t number = 0;
  return file >> number ? number : kUnknown;
}

}  // namespace

std::uint64_t available_bytes() {
  const std::uint64_t system = number_in("/proc/meminfo", "MemAvailable:");
  const std::uint64_t limit = number_in("/sys/fs/cgroup/memory.max", "");
  const std::uint64_t used = number_in("/sys/fs/cgroup/memory.current", "");
  const std::uint64_t left =
      limit == kUnknown || used == kUnknown ? kUnknown : limit - std::min(limit, used);
  return std::min(system == kUnknown ? kUnknown : system * 1024, left);
}

namespace {

#if defined(__SSE2__)
constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;  // bits of MXCSR
constexpr unsigned kExceptionFlags = 0x003f;  // what has happened, not what shall happen
#endif

}  // namespace

void flush_denormals_in_this_thread() {
#if defined(__SSE2__)
  _mm_setcsr(_mm_getcsr() | kFlushToZero | kDenormalsAreZero);
#endif
}

FloatingPointMode FloatingPointMode::of_this_thread() {
  FloatingPointMode mode;
#if defined(__SSE2__)
  mode.control_ = _mm_getcsr() & ~kExceptionFlags;
#endif
  return mode;
}

void FloatingPointMode::apply_to_this_thread() const {
#if defined(__SSE2__)
  _mm_setcsr((_mm_getcsr() & kExceptionFlags) | control_);
#endif
}

void keep_freed_scratch_memory() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the largest value that glibc accepts
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
#endif
}

}  // namespace trainer
