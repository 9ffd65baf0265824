#include "reference_trainer/io/staged_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/io/files.h"

namespace trainer {
namespace {

using testing::expect_error;
using testing::names_below;
using testing::TemporaryDirectory;
using testing::write_text;

TEST(StagedDirectory, AppearsOnlyWhenCommitted) {
  const TemporaryDirectory directory;
  {
    StagedDirectory staged(directory / "parent/out");
    write_text(staged.path() / "sub/file", "x");
    EXPECT_FALSE(std::filesystem::exists(directory / "parent/out"));
    EXPECT_EQ(staged.path().parent_path(),
              std::filesystem::canonical(directory / "parent"));  // same file system
    staged.commit();
  }
  EXPECT_THAT(
      names_below(directory.path()),
      ::testing::ElementsAre("parent", "parent/out", "parent/out/sub", "parent/out/sub/file"));
}

TEST(StagedDirectory, LeavesNothingWithoutCommit) {
  const TemporaryDirectory directory;
  {
    StagedDirectory staged(directory / "out");
    write_text(staged.path() / "file", "x");
  }
  EXPECT_TRUE(names_below(directory.path()).empty());
}

TEST(StagedDirectory, ReplacesAnEmptyDirectoryOnly) {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "empty");
  StagedDirectory first(directory / "empty");
  write_text(first.path() / "file", "x");
  first.commit();
  EXPECT_TRUE(std::filesystem::exists(directory / "empty/file"));

  StagedDirectory second(directory / "empty");
  expect_error([&] { second.commit(); }, "IO-02", ExitCode::kIo, {"not an empty directory"});
  EXPECT_EQ(testing::read_text(directory / "empty/file"), "x");
}

TEST(StagedDirectory, TwoForOneTargetDoNotMeet) {
  const TemporaryDirectory directory;
  StagedDirectory first(directory / "out");
  StagedDirectory second(directory / "out");
  EXPECT_NE(first.path(), second.path());
}

TEST(StagedDirectory, ParentThatIsAFile) {
  const TemporaryDirectory directory;
  write_text(directory / "file", "x");
  expect_error([&] { StagedDirectory staged(directory / "file/out"); }, "IO-02", ExitCode::kIo,
               {"file"});
}

TEST(WriteFileAtomically, ReplacesAndLeavesNoTemporary) {
  const TemporaryDirectory directory;
  write_text(directory / "f", "a longer text");
  write_file_atomically(directory / "f", "new");
  EXPECT_EQ(testing::read_text(directory / "f"), "new");
  std::filesystem::create_directories(directory / "d/full");
  expect_error([&] { write_file_atomically(directory / "d", "x"); }, "IO-02", ExitCode::kIo,
               {"failed rename"});
  EXPECT_THAT(names_below(directory.path()), ::testing::ElementsAre("d", "d/full", "f"));
}

class OutputDirectory : public ::testing::Test {
 protected:
  void expect_refused(const std::filesystem::path& output, const std::string& got) {
    const std::vector<std::string> before = names_below(directory_.path());
    expect_error([&] { check_output_directory(output, directory_ / "input"); }, "CL-05",
                 ExitCode::kUsage, {output.string(), got});
    EXPECT_EQ(names_below(directory_.path()), before);
  }

  void SetUp() override { std::filesystem::create_directory(directory_ / "input"); }

  TemporaryDirectory directory_;
};

TEST_F(OutputDirectory, CL05_AbsentOrEmptyIsAccepted) {
  std::filesystem::create_directory(directory_ / "empty");
  EXPECT_NO_THROW(check_output_directory(directory_ / "empty", directory_ / "input"));
  EXPECT_NO_THROW(check_output_directory(directory_ / "a/b/c", directory_ / "input"));
  EXPECT_NO_THROW(check_output_directory(directory_ / "a", ""));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "a")) << "a check creates nothing";
}

TEST_F(OutputDirectory, CL05_TheInputUnderAnyName) {
  std::filesystem::create_directory_symlink("input", directory_ / "link");
  expect_refused(directory_ / "input", "the input directory");
  expect_refused(directory_ / "input/", "the input directory");
  expect_refused(directory_ / "absent/../input", "the input directory");
  expect_refused(directory_ / "link", "the input directory");
  expect_error([&] { check_output_directory(directory_ / "input", directory_ / "link"); }, "CL-05",
               ExitCode::kUsage, {"the input directory"});
}

TEST_F(OutputDirectory, CL05_FilesAndFullDirectories) {
  write_text(directory_ / "full/file", "x");
  expect_refused(directory_ / "full", "not empty");
  expect_refused(directory_ / "full/file", "a file");
  expect_refused(directory_ / "full/file/below", "");
  expect_refused("", "an empty path");
}

TEST_F(OutputDirectory, CL05_LinksThatLeadNowhere) {
  std::filesystem::create_symlink("two", directory_ / "one");
  std::filesystem::create_symlink("one", directory_ / "two");
  std::filesystem::create_symlink("nothing", directory_ / "dangling");
  expect_refused(directory_ / "one", "a loop of symbolic links");
  expect_refused(directory_ / "one/out", "a loop of symbolic links");
  expect_refused(directory_ / "dangling", "a symbolic link to nothing");
}

// Rights do not bind root, so the test gives them up for its duration.
TEST_F(OutputDirectory, CL05_NotWritable) {
  constexpr uid_t kNobody = 65534;
  const bool is_root = ::geteuid() == 0;
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0777));
  std::filesystem::create_directory(directory_ / "locked");
  std::filesystem::create_directories(directory_ / "outer/open");
  std::filesystem::permissions(directory_ / "outer/open", std::filesystem::perms(0777));
  for (const char* name : {"locked", "outer"}) {
    std::filesystem::permissions(directory_ / name, std::filesystem::perms(0555));
  }
  if (is_root) {
    ASSERT_EQ(::seteuid(kNobody), 0);
    if (::faccessat(AT_FDCWD, directory_.path().c_str(), X_OK, AT_EACCESS) != 0) {
      ASSERT_EQ(::seteuid(0), 0);
      GTEST_SKIP() << "TMPDIR is closed to everybody else";
    }
  }
  expect_refused(directory_ / "locked/out", "locked that cannot be written: Permission denied");
  expect_refused(directory_ / "locked", "locked that cannot be written: Permission denied");
  expect_refused(directory_ / "outer/open", "outer that cannot be written: Permission denied");
  if (is_root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  std::filesystem::permissions(directory_ / "outer", std::filesystem::perms(0755));
}

}  // namespace
}  // namespace trainer
