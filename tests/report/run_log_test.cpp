#include "reference_trainer/report/run_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "reference_trainer/base/error.h"

namespace trainer {
namespace {

class RunLogTest : public testing::Test {
 protected:
  RunLogTest()
      : directory_(std::filesystem::temp_directory_path() /
                   ("roste_run_log_" + std::to_string(getpid()))) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
  }
  ~RunLogTest() override { std::filesystem::remove_all(directory_); }

  std::string contents() const {
    std::ifstream file(directory_ / "log.jsonl", std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::filesystem::path directory_;
};

TEST_F(RunLogTest, LinesAreInTheFileAtOnceAndInKeyOrder) {
  RunLog log(directory_);
  log.write({{"step", 1}, {"loss", 0.5}});
  EXPECT_EQ(contents(), "{\"step\":1,\"loss\":0.5}\n");
  log.write({{"step", 2}, {"loss", std::nan("")}});
  EXPECT_EQ(contents(), "{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"loss\":null}\n");
}

TEST_F(RunLogTest, AppendsAfterAnUnfinishedLine) {
  std::ofstream(directory_ / "log.jsonl") << "{\"step\":1}\n{\"st";
  RunLog(directory_).write({{"step", 2}});
  EXPECT_EQ(contents(), "{\"step\":1}\n{\"st\n{\"step\":2}\n");
  RunLog(directory_).write({{"step", 3}});
  EXPECT_EQ(contents(), "{\"step\":1}\n{\"st\n{\"step\":2}\n{\"step\":3}\n");
}

TEST_F(RunLogTest, InvalidTextIsReplacedNotThrown) {
  RunLog(directory_).write({{"prompt", "a\xff\nb"}});
  EXPECT_EQ(contents(), "{\"prompt\":\"a\xef\xbf\xbd\\nb\"}\n");
}

TEST_F(RunLogTest, DF03_FailuresAreIoErrors) {
  try {
    RunLog log(directory_ / "absent");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), ExitCode::kIo);
    EXPECT_EQ(error.parts().code, "DF-03");
  }
  std::filesystem::create_symlink("/dev/full", directory_ / "log.jsonl");
  RunLog full(directory_);
  EXPECT_THROW(full.write({{"step", 1}}), Error);
}

}  // namespace
}  // namespace trainer
