// Loaded before reference_trainer by LD_PRELOAD: makes calls of the program fail.
//
//   ROSTE_FAULT_BELOW=DIR    calls for paths that begin so are counted
//   ROSTE_FAULT_AT=N         the first of them that fails; none without it
//   ROSTE_FAULT_LAST=N       and the last
//   ROSTE_FAULT_KIND=K       an errno value, "short", "kill", or "signal" and its number
//   ROSTE_FAULT_COUNT=FILE   where the number of calls is written at the end
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "tests/support/fault_calls.h"

namespace trainer::fault {
namespace {

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

__attribute__((constructor)) void begin() {
  Plan plan;
  plan.below = setting("ROSTE_FAULT_BELOW");
  if (plan.below.empty()) return;
  plan.at = std::atol(setting("ROSTE_FAULT_AT").c_str());
  plan.last = std::atol(setting("ROSTE_FAULT_LAST").c_str());
  const std::string kind = setting("ROSTE_FAULT_KIND");
  const bool signal = kind.starts_with("signal");
  plan.error = std::atoi(kind.c_str() + (signal ? 6 : 0));
  plan.kind = kind == "kill"    ? Kind::kKill
              : kind == "short" ? Kind::kShort
              : signal          ? Kind::kSignal
              : plan.error > 0  ? Kind::kErrno
                                : Kind::kNone;
  arm(plan);
}

__attribute__((destructor)) void end() {
  const std::string count = std::to_string(disarm()), file = setting("ROSTE_FAULT_COUNT");
  if (file.empty()) return;
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (descriptor < 0) return;
  if (::write(descriptor, count.data(), count.size()) < 0) std::abort();
  ::close(descriptor);
}

}  // namespace
}  // namespace trainer::fault
