#include "reference_trainer/commands/report_error.h"

#include <cstdio>
#include <new>
#include <stdexcept>

#include "reference_trainer/base/error.h"

namespace trainer {
namespace {

constexpr const char* kProgram = "reference_trainer";

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
  return {ExitCode::kBadInput,
          {"internal", kProgram, failure.what(), "no such failure", "please report it"}};
}

}  // namespace

int report_error(const std::exception& failure) {
  const Error error = as_error(failure);
  std::fprintf(stderr, "%s\n", error.what());
  return static_cast<int>(error.exit_code());
}

}  // namespace trainer
