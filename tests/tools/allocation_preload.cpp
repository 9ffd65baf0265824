// Loaded before reference_trainer by LD_PRELOAD: makes allocations of the program fail.
//
//   ROSTE_ALLOCATION_AT=N         the first that fails, from 1; none without it
//   ROSTE_ALLOCATION_LAST=N       and the last; only the first without it
//   ROSTE_ALLOCATION_COUNT=FILE   where their number is written at the end
//
// Counted are malloc and its relatives from the time at which main() can be told of their failure:
// loading libraries and constructing their globals comes before.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

// The allocator behind malloc, which the GNU C library exports for such replacements.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
int __libc_start_main(int (*)(int, char**, char**), int, char**, void (*)(), void (*)(), void (*)(),
                      void*);
}

namespace {

std::atomic<bool> counting{false};
std::atomic<long> seen{0};
long first = 0, last = 0;
int (*real_main)(int, char**, char**) = nullptr;

long setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? 0 : std::atol(value);
}

bool refused() {
  if (!counting.load(std::memory_order_relaxed)) return false;
  const long n = seen.fetch_add(1, std::memory_order_relaxed) + 1;
  if (n < first || n > last || first == 0) return false;
  errno = ENOMEM;
  return true;
}

int counted_main(int argc, char** argv, char** environment) {
  first = setting("ROSTE_ALLOCATION_AT");
  last = setting("ROSTE_ALLOCATION_LAST");
  if (last == 0) last = first;
  counting = true;
  return real_main(argc, argv, environment);
}

__attribute__((destructor)) void end() {
  counting = false;
  const char* const path = std::getenv("ROSTE_ALLOCATION_COUNT");
  if (path == nullptr) return;
  char text[32];
  const int size = std::snprintf(text, sizeof text, "%ld", seen.load());
  const int descriptor = ::open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (descriptor < 0 || ::write(descriptor, text, static_cast<std::size_t>(size)) < 0) std::abort();
  ::close(descriptor);
}

}  // namespace

extern "C" {

int __libc_start_main(int (*main)(int, char**, char**), int argc, char** argv, void (*init)(),
                      void (*fini)(), void (*rtld_fini)(), void* stack_end) {
  real_main = main;
  const auto next = reinterpret_cast<decltype(&__libc_start_main)>(
      reinterpret_cast<std::size_t>(::dlsym(RTLD_NEXT, "__libc_start_main")));
  return next(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}

void* malloc(std::size_t size) { return refused() ? nullptr : __libc_malloc(size); }

void* calloc(std::size_t count, std::size_t size) {
  return refused() ? nullptr : __libc_calloc(count, size);
}

void* realloc(void* memory, std::size_t size) {
  return refused() ? nullptr : __libc_realloc(memory, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return refused() ? nullptr : __libc_memalign(alignment, size);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  if (refused()) return ENOMEM;
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}

}  // extern "C"
