// A training whose saves fail, whose disk is full, whose process is killed or has too little of
// everything.
#include <cerrno>
#include <cstring>

#include "tests/program/survival.h"
#include "tests/support/kill_campaign.h"

namespace trainer::test {
namespace {

TEST(Survival, CK01_TwentyKillsLoseNothing) {
  const Scratch scratch;
  KillSettings settings;
  settings.program = ROSTE_PROGRAM;
  settings.training = survival_training("", "12");
  const auto output = std::ranges::find(settings.training, "--output_dir");
  settings.training.erase(output, output + 2);
  settings.save_steps = 3;
  settings.directory = scratch / "runs";
  settings.kills = 20;
  settings.seed = 3;
  settings.most_microseconds = 150'000;
  const KillReport report = run_kill_campaign(settings);
  EXPECT_EQ(report.kills, 20);
  EXPECT_EQ(report.lost, 0) << text_of(report);
  EXPECT_EQ(report.equal, report.runs) << text_of(report);
  EXPECT_GE(report.runs, 1);
  EXPECT_TRUE(report.problems.empty()) << text_of(report);
}

// A save that fails is said, and the training goes on: the next one replaces it.
TEST(Survival, DF07_ATrainingGoesOnAfterAFailedSave) {
  const Scratch scratch;
  const Words whole = survival_training(scratch / "whole", "12");
  const long calls = calls_below(scratch / "whole/checkpoints", whole, scratch / "count");
  for (const int error : {ENOSPC, EIO, EDQUOT}) {
    const fs::path out = scratch / std::to_string(error);
    const long first = calls / 3;
    const Outcome got =
        run_program(survival_training(out, "12"),
                    failing(out / "checkpoints", std::to_string(error), first, first + 4));
    EXPECT_EQ(got.exit_code, 0) << got.err;
    EXPECT_TRUE(got.err.starts_with("warning: IO-0")) << got.err;
    EXPECT_NE(got.err.find(out.string()), std::string::npos) << got.err;
    EXPECT_NE(got.err.find(std::strerror(error)), std::string::npos) << got.err;
    EXPECT_NE(got.err.find("; training goes on"), std::string::npos) << got.err;
    EXPECT_TRUE(fs::exists(out / "checkpoints/step-12"));
    EXPECT_EQ(final_weights(out), final_weights(scratch / "whole"));
    expect_nothing_hidden(out, got.err);
  }
}

// Nothing is lost yet where the first save fails, and nothing comes after the last.
TEST(Survival, CK02_AFailedFirstOrLastSaveEndsTheRun) {
  const Scratch scratch;
  const Words whole = survival_training(scratch / "whole", "6");
  const long calls = calls_below(scratch / "whole/checkpoints", whole, scratch / "count");
  const std::string kind = std::to_string(ENOSPC);
  const fs::path first = scratch / "first", last = scratch / "last";
  expect_one_error_line(
      run_program(survival_training(first, "6"), failing(first / "checkpoints", kind, 5, 9)),
      "first");
  EXPECT_FALSE(fs::exists(first / "model"));
  expect_one_error_line(run_program(survival_training(last, "6"),
                                    failing(last / "checkpoints", kind, calls - 25, calls)),
                        "last");
  const Outcome rest = run_program(survival_training(last, "6") + Words{"--resume"});
  EXPECT_EQ(rest.exit_code, 0) << rest.err;
  EXPECT_EQ(final_weights(last), final_weights(scratch / "whole"));
}

TEST(Survival, CK15_KilledWhileResuming) {
  const Scratch scratch;
  const long calls = calls_below(scratch / "whole/checkpoints",
                                 survival_training(scratch / "whole", "9"), scratch / "count");
  const fs::path out = scratch / "out";
  // In a save; then again and again while it is resumed.
  EXPECT_EQ(run_program(survival_training(out, "9"),
                        failing(out / "checkpoints", "kill", calls / 2, calls / 2))
                .exit_code,
            137);
  const Words resume = survival_training(out, "9") + Words{"--resume"};
  for (long k = 1; k <= 25; k += 3)
    EXPECT_EQ(run_program(resume, failing(out, "kill", k, k)).exit_code, 137) << k;
  const Outcome rest = run_program(resume);
  ASSERT_EQ(rest.exit_code, 0) << rest.err;
  EXPECT_EQ(final_weights(out), final_weights(scratch / "whole"));
  expect_nothing_hidden(out, "kills while resuming");
}

TEST(Survival, CK18_ACheckpointSaysWhatItsWeightsAre) {
  const Scratch scratch;
  const fs::path out = scratch / "out";
  ASSERT_EQ(run_program(survival_training(out, "3")).exit_code, 0);
  const std::string manifest = read_text(out / "checkpoints/step-3/MANIFEST.json");
  EXPECT_NE(manifest.find("\"method\": \"ste\""), std::string::npos);
  EXPECT_NE(manifest.find("\"weights\": 0"), std::string::npos) << "master weights";
  const std::pair<Words, std::string> others[] = {{{"--method", "sft"}, "/method"},
                                                  {{"--train_basis", "merged"}, "weights"}};
  for (const auto& [flags, named] : others) {
    Words resume = survival_training(out, "3") + Words{"--resume"};
    if (flags[0] == "--method") resume.erase(resume.begin() + 1, resume.begin() + 3);
    const Outcome refused = run_program(resume + flags);
    EXPECT_EQ(refused.exit_code, 3) << refused.err;
    EXPECT_TRUE(refused.err.starts_with("error: CK-11 ")) << refused.err;
    EXPECT_NE(refused.err.find(named), std::string::npos) << refused.err;
  }
}

TEST(Survival, DF02_AFileBeyondTheLimitIsAnErrorAndNoSignal) {
  const Scratch scratch;
  const fs::path out = scratch / "out";
  const Outcome got = run_program(survival_training(out, "3"), "ulimit -f 8;");
  expect_one_error_line(got, "ulimit -f");
  EXPECT_NE(got.err.find(std::strerror(EFBIG)), std::string::npos) << got.err;
  expect_nothing_hidden(out, got.err);
}

TEST(Survival, DF04_TooFewDescriptors) {
  const Scratch scratch;
  for (const int most : {4, 5, 6, 8, 16}) {
    if (kAddressSanitizer && most < 16) continue;  // it needs some itself
    const std::string limit = "prlimit --nofile=" + std::to_string(most);
    if (run_program({"--version"}, limit).exit_code != 0) continue;  // not even its libraries
    const fs::path out = scratch / std::to_string(most);
    const Outcome got = run_program(survival_training(out, "3"), limit);
    if (got.exit_code != 0) {
      expect_one_error_line(got, std::to_string(most));
      EXPECT_NE(got.err.find(std::strerror(EMFILE)), std::string::npos) << got.err;
    }
    EXPECT_EQ(fs::exists(out / "model"), got.exit_code == 0);
    if (most == 16) {
      EXPECT_EQ(got.exit_code, 0) << "sixteen are enough: " << got.err;
    }
  }
}

// From what its libraries need to what a training does.
TEST(Survival, DF05_TooLittleAddressSpace) {
  if (kAddressSanitizer) GTEST_SKIP() << "the sanitizer maps terabytes";
  const Scratch scratch;
  constexpr long kStep = 512, kMost = 1 << 20;  // KiB
  long refused = 0;
  for (long kibibytes = kStep, code = 4; code != 0; kibibytes += kStep) {
    ASSERT_LT(kibibytes, kMost);
    const std::string limit = "ulimit -v " + std::to_string(kibibytes) + ";";
    if (run_program({"--version"}, limit).exit_code != 0) continue;
    const fs::path out = scratch / std::to_string(kibibytes);
    const Outcome got = run_program(survival_training(out, "3"), limit);
    code = got.exit_code;
    if (code != 0) {
      ++refused;
      EXPECT_EQ(code, 4) << limit << ": " << got.err;
      EXPECT_TRUE(got.err.starts_with("error: ")) << got.err;
    }
    EXPECT_EQ(fs::exists(out / "model"), code == 0) << limit;
    if (fs::exists(out)) expect_nothing_hidden(out, limit);
  }
  EXPECT_GE(refused, 3);
}

}  // namespace
}  // namespace trainer::test
