#include "reference_trainer/commands/report_error.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <new>
#include <stdexcept>
#include <system_error>

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

TEST(ReportError, IO02_FilesystemErrorsNameTheFiles) {
  const auto full = std::make_error_code(std::errc::no_space_on_device);
  const Reported r = report(std::filesystem::filesystem_error("cannot rename", "a\nb", "c", full));
  EXPECT_EQ(r.exit_code, 4);
  EXPECT_TRUE(r.line.starts_with("error: IO-02 a\\nb to c: got ")) << r.line;
  EXPECT_NE(r.line.find("No space left on device"), std::string::npos) << r.line;
  EXPECT_EQ(r.line.find('\n'), r.line.size() - 1) << r.line;
  EXPECT_TRUE(report(std::filesystem::filesystem_error("cannot list", "dir", full))
                  .line.starts_with("error: IO-02 dir: got "));
}

TEST(ReportError, IO02_SystemErrorsNameTheProgram) {
  const Reported r = report(
      std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again), "thread"));
  EXPECT_EQ(r.exit_code, 4);
  EXPECT_TRUE(r.line.starts_with("error: IO-02 reference_trainer: got thread: Resource temp"))
      << r.line;
}

struct ThrowsWhenItEnds {
  ~ThrowsWhenItEnds() { throw_it(); }
  void (*throw_it)();
};

// A library's destructor that allocates, and finds no memory.
TEST(ReportErrorDeathTest, DF05_NoMemoryInsideOfADestructor) {
  const auto end_with = [](void (*throw_it)()) {
    install_terminate_rule();
    const ThrowsWhenItEnds ends{throw_it};
  };
  EXPECT_EXIT(end_with([] { throw std::bad_alloc(); }), ::testing::ExitedWithCode(4),
              "^error: DF-05 [^\n]*\n$");
  EXPECT_EXIT(end_with([] { throw std::runtime_error("x"); }), ::testing::KilledBySignal(SIGABRT),
              "");
}

TEST(ReportError, AlwaysExactlyOneLine) {
  const Reported r = report(std::runtime_error("first\nerror: second"));
  EXPECT_EQ(r.line,
            "error: internal reference_trainer: got first\\nerror: second, expected no such "
            "failure; please report it\n");
}

}  // namespace
}  // namespace trainer
