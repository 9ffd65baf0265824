// The one way in which anything in the trainer reports a failure, and the exit codes of the
// program.
#pragma once

#include <stdexcept>
#include <string>

namespace trainer {

// Documented in docs/errors.md; the shell sees these numbers.
enum class ExitCode {
  kOk = 0,
  kUsage = 2,     // the command line or a recipe key is wrong
  kBadInput = 3,  // a file that we were given is malformed or does not fit
  kIo = 4,        // the operating system refused to read, write or allocate
  kNumerics = 5,  // a loss or a gradient stopped being finite
  kBusy = 7,      // another process holds the output directory
};

// What an error line is made of:
//   error: <code> <where>: got <got>, expected <expected>; <hint>
struct ErrorParts {
  std::string code;   // e.g. "ST-05", listed in docs/errors.md
  std::string where;  // file, then :<json-pointer>, :<line>:<column> or @<byte>
  std::string got;
  std::string expected;
  std::string hint;  // what to do about it; may be empty
};

// "<code> <where>: got <got>, expected <expected>; <hint>", escaped, for lines that report a
// failure which does not end the command.
std::string line_of(const ErrorParts& parts);

// A failure that ends a command. what() is the single line that main() prints on stderr: control
// characters of quoted input are escaped, so a hostile file name cannot forge a second line.
class Error : public std::runtime_error {
 public:
  Error(ExitCode exit_code, ErrorParts parts);
  ExitCode exit_code() const { return exit_code_; }
  const ErrorParts& parts() const { return parts_; }

 private:
  ExitCode exit_code_;
  ErrorParts parts_;
};

[[noreturn]] void throw_usage(ErrorParts parts);
[[noreturn]] void throw_bad_input(ErrorParts parts);
// Appends the meaning of `error_number` (an errno value) to parts.got.
[[noreturn]] void throw_io(ErrorParts parts, int error_number);

// `text` with control characters, separators of lines, marks that turn the direction of writing,
// and invalid UTF-8 bytes as \n, \x1b, ...
std::string escaped(const std::string& text);

}  // namespace trainer
