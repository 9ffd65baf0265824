#include "reference_trainer/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace trainer {
namespace {

TEST(Error, OneLineNamesWhatWhereBothNumbersAndAHint) {
  const Error error(ExitCode::kBadInput, {"ST-05", "model.safetensors@8", "12 bytes", "16 bytes",
                                          "the file was cut off; copy it again"});
  EXPECT_STREQ(error.what(),
               "error: ST-05 model.safetensors@8: got 12 bytes, expected 16 bytes; "
               "the file was cut off; copy it again");
  EXPECT_EQ(error.exit_code(), ExitCode::kBadInput);
  EXPECT_EQ(error.parts().code, "ST-05");
}

TEST(Error, WithoutAHintTheLineEndsWithTheExpectation) {
  const Error error(ExitCode::kUsage, {"CL-01", "--bits", "9", "2 to 8", ""});
  EXPECT_STREQ(error.what(), "error: CL-01 --bits: got 9, expected 2 to 8");
}

TEST(Error, AHostileNameCannotForgeASecondLine) {
  const Error error(ExitCode::kIo, {"IO-01", "a\nerror: fake\r\x1b[2J", "x", "y", ""});
  EXPECT_STREQ(error.what(), "error: IO-01 a\\nerror: fake\\r\\x1b[2J: got x, expected y");
}

TEST(Error, EscapedKeepsValidUtf8AndShowsTheRestAsBytes) {
  EXPECT_EQ(escaped("caf\xc3\xa9 \xf0\x9f\x99\x82"), "caf\xc3\xa9 \xf0\x9f\x99\x82");
  EXPECT_EQ(escaped("\xc3"), "\\xc3");  // a lead byte without its successor
  EXPECT_EQ(escaped("\x80"
                    "a"),
            "\\x80"
            "a");                                // a successor without a lead byte
  EXPECT_EQ(escaped("\xc0\xaf"), "\\xc0\\xaf");  // an overlong form
  EXPECT_EQ(escaped(std::string("a\0b\t\x7f", 5)), "a\\x00b\\t\\x7f");
}

// What ends a line for some programs, commands of 8-bit terminals, and what turns the direction of
// the text around: any of them in a name would make a reader see another line than the one printed.
TEST(Error, EscapedShowsSeparatorsC1AndDirectionMarksAsBytes) {
  EXPECT_EQ(escaped("\u0085\u009b"), "\\xc2\\x85\\xc2\\x9b");
  EXPECT_EQ(escaped("\u2028\u2029"), "\\xe2\\x80\\xa8\\xe2\\x80\\xa9");
  EXPECT_EQ(escaped("\u202a\u202e"), "\\xe2\\x80\\xaa\\xe2\\x80\\xae");
  EXPECT_EQ(escaped("\u2066\u2069"), "\\xe2\\x81\\xa6\\xe2\\x81\\xa9");
  // Their neighbours are text.
  for (const std::string text : {"\u00a0", "\u2027", "\u202f", "\u2065", "\u206a"}) {
    EXPECT_EQ(escaped(text), text);
  }
}

TEST(Error, EachHelperSetsItsExitCode) {
  const ErrorParts parts{"X", "w", "g", "e", ""};
  const auto code_of = [](const auto& thrower) {
    try {
      thrower();
    } catch (const Error& error) {
      return error.exit_code();
    }
    return ExitCode::kOk;
  };
  EXPECT_EQ(code_of([&] { throw_usage(parts); }), ExitCode::kUsage);
  EXPECT_EQ(code_of([&] { throw_bad_input(parts); }), ExitCode::kBadInput);
  EXPECT_EQ(code_of([&] { throw_io(parts, ENOENT); }), ExitCode::kIo);
}

TEST(Error, IoAppendsTheMeaningOfErrno) {
  try {
    throw_io({"IO-01", "file", "open failed", "a readable file", ""}, ENOENT);
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "error: IO-01 file: got open failed: No such file or directory, "
                 "expected a readable file");
  }
}

}  // namespace
}  // namespace trainer
