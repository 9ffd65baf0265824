// How the program ends when it cannot do what it was asked: one line and an exit code.
#pragma once

#include <stdexcept>
#include <string>

namespace least_squares {

enum class ExitCode {
  kOk = 0,
  kBoundBroken = 1,  // a bound that the theory proves did not hold: an error of the program
  kUsage = 2,        // the command line or the data file is wrong
  kIo = 4,           // the operating system refused to read or write
  kNumerics = 5,     // the weights stopped being finite
};

class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& line) : std::runtime_error(line), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

}  // namespace least_squares
