#include "reference_trainer/commands/report_error.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "reference_trainer/base/error.h"
#include "reference_trainer/base/stop_request.h"

namespace trainer {
namespace {

constexpr const char* kProgram = "reference_trainer";

// The file and, for a rename or a copy, where it was to go; the program where no file is known.
std::string where_of(const std::system_error& failure) {
  const auto* file = dynamic_cast<const std::filesystem::filesystem_error*>(&failure);
  if (file == nullptr || file->path1().empty()) return kProgram;
  const std::string target = file->path2().empty() ? "" : " to " + file->path2().string();
  return file->path1().string() + target;
}

Error as_error(const std::exception& failure) {
  if (const auto* error = dynamic_cast<const Error*>(&failure)) return *error;
  if (dynamic_cast<const std::bad_alloc*>(&failure) != nullptr) {
    return {ExitCode::kIo,
            {"DF-05", kProgram, "no memory for an allocation of unknown size", "enough memory",
             "try a smaller batch size or max_length"}};
  }
  if (dynamic_cast<const std::domain_error*>(&failure) != nullptr) {
    return {ExitCode::kNumerics,
            {"QN-01", kProgram, failure.what(), "finite values", "try a smaller learning rate"}};
  }
  if (const auto* system = dynamic_cast<const std::system_error*>(&failure)) {
    return {ExitCode::kIo,
            {"IO-02", where_of(*system), system->what(), "the system to do it",
             "check the rights, the disk space and the limits of this process"}};
  }
  return {ExitCode::kBadInput,
          {"internal", kProgram, failure.what(), "no such failure", "please report it"}};
}

std::atomic<bool> memory_has_ended{false};

[[noreturn]] void note_end_of_memory() {
  memory_has_ended = true;
  throw std::bad_alloc();
}

// Neither the line nor the way out may allocate.
[[noreturn]] void end_at_once() {
  constexpr std::string_view kLine =
      "error: DF-05 reference_trainer: got no memory while letting go of what was held, expected "
      "enough memory; try a smaller batch size or max_length\n";
  [[maybe_unused]] const auto lost = ::write(STDERR_FILENO, kLine.data(), kLine.size());
  ::_exit(static_cast<int>(ExitCode::kIo));
}

// Where a destructor throws while an exception passes through it, nobody knows the exception.
[[noreturn]] void end_without_memory() {
  const std::exception_ptr failure = std::current_exception();
  if (failure == nullptr && memory_has_ended) end_at_once();
  try {
    if (failure != nullptr) std::rethrow_exception(failure);
  } catch (const std::bad_alloc&) {
    end_at_once();
  } catch (...) {
  }
  std::abort();
}

}  // namespace

void install_terminate_rule() {
  std::set_new_handler(note_end_of_memory);
  std::set_terminate(end_without_memory);
}

int report_error(const std::exception& failure) {
  if (const auto* stopped = dynamic_cast<const Stopped*>(&failure)) {
    std::fprintf(stderr, "%s\n", stopped->what());
    return stopped->exit_code();
  }
  const Error error = as_error(failure);
  std::fprintf(stderr, "%s\n", error.what());
  return static_cast<int>(error.exit_code());
}

}  // namespace trainer
