// A signal that asks the program to end, as a request: work goes on to its next safe point, which
// leaves nothing half-done. docs/survival.md has the whole policy.
#pragma once

#include <stdexcept>
#include <string>

namespace trainer {

// For main(), before there are threads. SIGTERM, SIGINT and SIGHUP become requests, unless the
// caller had them ignored (nohup, a shell's background jobs); a second SIGINT ends the process at
// once with exit code 130. SIGPIPE and SIGXFSZ become errors of the calls that caused them.
void install_signal_rules();

// SIGTERM, SIGINT or SIGHUP where one of them asked for an end, else 0.
int stop_signal();

// Ends a command that was asked to. what() is its last line on stderr:
//   stopped by <signal> <moment>; <hint>
class Stopped : public std::runtime_error {
 public:
  // `moment` is e.g. "after step 12"; `hint`, which may be empty, says how to go on.
  Stopped(int signal, const std::string& moment, const std::string& hint);

  // 128 + signal, as a shell has it for a process that the signal killed.
  int exit_code() const { return 128 + signal_; }
  // The same with another hint, where there is none.
  Stopped with_hint(const std::string& hint) const;

 private:
  int signal_;
  std::string moment_, hint_;
};

// A safe point: throws Stopped if an end was asked for.
void stop_if_requested();

}  // namespace trainer
