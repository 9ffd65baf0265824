#include "reference_trainer/base/stop_request.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace trainer {
namespace {

// Handlers may touch nothing else, and threads read it.
std::atomic<int> requested{0};
static_assert(std::atomic<int>::is_always_lock_free, "or a handler could wait for its own thread");

extern "C" void request_stop(int signal) {
  const bool again = requested.exchange(signal) != 0;
  if (again && signal == SIGINT) ::_exit(128 + SIGINT);
}

std::string name_of_signal(int signal) {
  if (signal == SIGINT) return "SIGINT";
  return signal == SIGHUP ? "SIGHUP" : "SIGTERM";
}

void handle(int signal) {
  struct sigaction before {};
  if (::sigaction(signal, nullptr, &before) != 0 || before.sa_handler == SIG_IGN) return;
  struct sigaction rule {};
  rule.sa_handler = request_stop;
  rule.sa_flags = SA_RESTART;
  ::sigaction(signal, &rule, nullptr);
}

std::string text_of(int signal, const std::string& moment, const std::string& hint) {
  return "stopped by " + name_of_signal(signal) + " " + moment + (hint.empty() ? "" : "; " + hint);
}

}  // namespace

void install_signal_rules() {
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) handle(signal);
  ::signal(SIGPIPE, SIG_IGN);  // a reader that went away is a failed write, CL-07, and no death
  ::signal(SIGXFSZ, SIG_IGN);  // a file beyond the limit is a failed write (EFBIG), DF-02
}

int stop_signal() { return requested.load(std::memory_order_relaxed); }

Stopped::Stopped(int signal, const std::string& moment, const std::string& hint)
    : std::runtime_error(text_of(signal, moment, hint)),
      signal_(signal),
      moment_(moment),
      hint_(hint) {}

Stopped Stopped::with_hint(const std::string& hint) const {
  return hint_.empty() ? Stopped(signal_, moment_, hint) : *this;
}

void stop_if_requested() {
  if (const int signal = stop_signal()) throw Stopped(signal, "before it was done", "");
}

}  // namespace trainer
