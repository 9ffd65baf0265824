// File systems that are really full, of bytes or of files. They need the right to mount one.
#include <cerrno>
#include <cstring>

#include "tests/program/survival.h"

namespace trainer::test {
namespace {

// A small file system in memory, for one command at a time.
class SmallDisk : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(disk());
    const std::string mount = "unshare -rm mount -t tmpfs -o size=16m none " + quoted(disk());
    if (std::system((mount + " 2>/dev/null").c_str()) != 0)
      GTEST_SKIP() << "no right to mount a file system";
  }

  fs::path disk() const { return scratch_ / "disk"; }
  fs::path result() const { return scratch_ / "result"; }

  // Runs `arguments` with a new disk of these options. result() is afterwards the file `kept` of
  // the disk, and left_ the names of all its files.
  Outcome run(const std::string& options, const Words& arguments, const fs::path& kept) {
    fs::remove(result());
    std::string command = quoted(ROSTE_PROGRAM);
    for (const std::string& a : arguments) command += " " + quoted(a);
    const std::string script = "mount -t tmpfs -o " + options + " none " + quoted(disk()) + " && " +
                               command + " >/dev/null 2>" + quoted(scratch_ / "err") +
                               "; code=$?; ls -AR " + quoted(disk()) + " >" +
                               quoted(scratch_ / "left") + "; cp " + quoted(disk() / kept) + " " +
                               quoted(result()) + " 2>/dev/null; exit $code";
    const int status = std::system(("unshare -rm sh -c " + quoted(script)).c_str());
    left_ = read_text(scratch_ / "left");
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, "", read_text(scratch_ / "err")};
  }

  // The whole of `kept`, or one line that says that there is no space (for a later file, where
  // `kept` is there all the same), and nothing hidden.
  void expect_whole_or_refused(const Outcome& got, const std::string& whole,
                               const std::string& what) {
    EXPECT_EQ(left_.find(".tmp-"), std::string::npos) << what << ": " << left_;
    EXPECT_EQ(left_.find(".trash-"), std::string::npos) << what << ": " << left_;
    if (fs::exists(result())) {
      EXPECT_TRUE(read_text(result()) == whole) << what << " left a part of the file";
    }
    if (got.exit_code == 0) {
      EXPECT_TRUE(fs::exists(result())) << what << ": " << left_;
      return;
    }
    EXPECT_EQ(got.exit_code, 4) << what << ": " << got.err;
    EXPECT_NE(got.err.find(std::strerror(ENOSPC)), std::string::npos) << what << ": " << got.err;
    EXPECT_NE(("\n" + got.err).find("\nerror: "), std::string::npos) << what << ": " << got.err;
  }

  const Scratch scratch_;
  std::string left_;
};

struct Writer {
  Words command;
  fs::path kept;  // below --output_dir
};

// The commands that leave directories or files, as they would on any disk.
std::vector<Writer> writers(const fs::path& out) {
  const Words model{"--model_name_or_path", tiny_model()}, to{"--output_dir", out};
  const Words some{"--dataset", tiny_data("train"), "--calibration_samples", "2"};
  return {{survival_training(out, "6"), "model/model.safetensors"},
          {Words{"rotate", "--quiet"} + model + to, "model.safetensors"},
          {Words{"quantize", "--quiet"} + model + to, "model.safetensors"},
          {Words{"search", "--quiet"} + model + to + some, "search.json"},
          {Words{"export", "--quiet", "--format", "gguf"} + model + to, "model.gguf"}};
}

TEST_F(SmallDisk, DF01_BytesEnd) {
  const Writer training = writers(disk() / "out")[0];
  const fs::path kept = "out" / training.kept;
  ASSERT_EQ(run("size=16m", training.command, kept).exit_code, 0);
  const std::string whole = read_text(result());
  for (const int kibibytes : {8, 64, 256, 448, 640, 2048}) {
    const std::string options = "size=" + std::to_string(kibibytes) + "k";
    const Outcome got = run(options, training.command, kept);
    expect_whole_or_refused(got, whole, options);
    if (kibibytes == 8) {
      EXPECT_EQ(got.exit_code, 4) << "eight KiB hold no checkpoint";
    }
  }
}

// One file after another, until there are enough.
TEST_F(SmallDisk, DF04_FilesEnd) {
  for (const Writer& writer : writers(disk() / "out")) {
    const fs::path kept = "out" / writer.kept;
    ASSERT_EQ(run("size=16m", writer.command, kept).exit_code, 0) << writer.command[0];
    const std::string whole = read_text(result());
    int refused = 0;
    for (int files = 2, code = 4; code != 0; ++files) {  // the first is the disk's own directory
      ASSERT_LT(files, 40) << writer.command[0];
      const std::string options = "size=16m,nr_inodes=" + std::to_string(files);
      const Outcome got = run(options, writer.command, kept);
      expect_whole_or_refused(got, whole, writer.command[0] + ", " + options);
      code = got.exit_code;
      refused += code != 0 ? 1 : 0;
    }
    EXPECT_GE(refused, 1) << writer.command[0];
  }
}

}  // namespace
}  // namespace trainer::test
