// The last line of a command that failed.
#pragma once

#include <exception>

namespace trainer {

// Prints exactly one line about `failure` to stderr and returns the program's exit code: that of an
// Error; 128 + the signal of Stopped, which is no failure; 4 for std::bad_alloc and
// std::system_error (files, threads); 5 for std::domain_error (a non-finite value met a quantizer);
// 3 with code "internal" for anything else.
int report_error(const std::exception& failure);

// For main(): where memory ends inside of a destructor, which may not throw, the program ends with
// the line and the exit code of DF-05, too. Everything else that calls std::terminate aborts.
// Replaces the handlers of std::terminate and of operator new.
void install_terminate_rule();

}  // namespace trainer
