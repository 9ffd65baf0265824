#include "reference_trainer/commands/report_error.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

#include "reference_trainer/base/error.h"

namespace trainer {
namespace {

struct Reported {
  int exit_code;
  std::string line;
};

Reported report(const std::exception& failure) {
  testing::internal::CaptureStderr();
  const int exit_code = report_error(failure);
  return {exit_code, testing::internal::GetCapturedStderr()};
}

TEST(ReportError, ErrorKeepsItsCodeAndLine) {
  const Reported r = report(Error(ExitCode::kBusy, {"CK-13", "out", "a lock", "no lock", ""}));
  EXPECT_EQ(r.exit_code, 7);
  EXPECT_EQ(r.line, "error: CK-13 out: got a lock, expected no lock\n");
}

TEST(ReportError, StandardExceptionsHaveExitCodes) {
  EXPECT_EQ(report(std::bad_alloc()).exit_code, 4);
  EXPECT_EQ(report(std::domain_error("row 3, column 4 is nan")).exit_code, 5);
  EXPECT_EQ(report(std::runtime_error("boom")).exit_code, 3);
}

TEST(ReportError, AlwaysExactlyOneLine) {
  const Reported r = report(std::runtime_error("first\nerror: second"));
  EXPECT_EQ(r.line,
            "error: internal reference_trainer: got first\\nerror: second, expected no such "
            "failure; please report it\n");
}

}  // namespace
}  // namespace trainer
