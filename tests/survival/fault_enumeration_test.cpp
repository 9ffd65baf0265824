// Every call of a save, a deletion and an export fails once in every way, or is the last one.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>

#include "reference_trainer/io/model_directory.h"
#include "reference_trainer/io/staged_directory.h"
#include "tests/survival/saves.h"

namespace trainer {
namespace {

using fault::Kind;
using testing::names_below;
using testing::read_text;
using testing::write_text;
namespace fs = std::filesystem;

struct Fault {
  const char* name;
  Kind kind;
  int error;
};

const Fault kFaults[] = {{"ENOSPC", Kind::kErrno, ENOSPC},
                         {"EIO", Kind::kErrno, EIO},
                         {"EINTR", Kind::kErrno, EINTR},
                         {"EDQUOT", Kind::kErrno, EDQUOT},
                         {"short", Kind::kShort, 0}};

std::string title(const Fault& f, long k) {
  return std::string(f.name) + " at call " + std::to_string(k);
}

// The error line of `action`, "" where it succeeds. Failures are Errors of exit code 4 that name a
// file below `directory` and the reason.
std::string error_under(const fault::Plan& plan, const std::function<void()>& action) {
  fault::arm(plan);
  try {
    action();
  } catch (const Error& error) {
    fault::disarm();
    const std::string line = error.what();
    EXPECT_EQ(error.exit_code(), ExitCode::kIo) << line;
    EXPECT_NE(line.find(plan.below), std::string::npos) << line;
    if (plan.kind == Kind::kErrno) {
      EXPECT_NE(line.find(std::strerror(plan.error)), std::string::npos) << line;
    }
    return line;
  }
  fault::disarm();
  return "";
}

TEST(FaultEnumeration, CK01_KilledAtEveryCallOfASave) {
  TinyRun counted;
  for (const int n : {1, 2}) counted.save(n);
  const long calls = count_calls(counted.path(), [&] { counted.save(3); });
  ASSERT_GT(calls, 20);
  for (long k = 1; k <= calls; ++k) {
    const TinyRun run;
    for (const int n : {1, 2}) run.save(n);
    const std::string what = "killed at call " + std::to_string(k);
    ASSERT_TRUE(killed_at(k, run.path(), [&] { run.save(3); })) << what;
    run.expect_newest({2, 3}, what);
    run.expect_next_save_works(4, what);
  }
}

TEST(FaultEnumeration, CK01_WhatAKilledSaveLeftIsSweptAndNamed) {
  const TinyRun run;
  run.save(1);
  ASSERT_TRUE(killed_at(8, run.path(), [&] { run.save(2); }));
  const std::vector<std::string> swept = sweep_checkpoints(run.path());
  ASSERT_EQ(swept.size(), 1u);
  EXPECT_TRUE(swept[0].starts_with(".tmp-step-2-")) << swept[0];
  EXPECT_TRUE(sweep_checkpoints(run.path()).empty());
}

TEST(FaultEnumeration, CK02_EveryCallOfASaveFailsInEveryWay) {
  TinyRun counted;
  for (const int n : {1, 2}) counted.save(n);
  const long calls = count_calls(counted.path(), [&] { counted.save(3); });
  long failed = 0;
  for (const Fault& f : kFaults) {
    for (long k = 1; k <= calls; ++k) {
      const TinyRun run;
      for (const int n : {1, 2}) run.save(n);
      const std::string line =
          error_under({k, 0, f.kind, f.error, run.path().string()}, [&] { run.save(3); });
      run.expect_newest(line.empty() ? StepSet{3} : StepSet{2, 3}, title(f, k) + line);
      run.expect_next_save_works(4, title(f, k));
      failed += line.empty() ? 0 : 1;
    }
  }
  EXPECT_GT(failed, calls) << "most faults must be noticed";
}

// What a signal interrupts is done again: nothing else of a save may wait.
TEST(FaultEnumeration, CK02_InterruptedCallsAreMadeAgain) {
  const TinyRun counted;
  counted.save(1);
  const std::set<std::string> waiting = {"open", "write", "fsync", "close"};
  std::set<std::string> tried;
  for (const fault::Call& call : calls_of(counted.path(), [&] { counted.save_only(2); })) {
    if (!waiting.contains(call.name)) continue;
    tried.insert(call.name);
    const TinyRun run;
    run.save(1);
    EXPECT_EQ(error_under({call.number, 0, Kind::kErrno, EINTR, run.path().string()},
                          [&] { run.save_only(2); }),
              "")
        << call.name << ", call " << call.number;
    run.expect_newest({2}, call.name);
  }
  EXPECT_EQ(tried, waiting);
}

// A save that one refused call ended has nothing of its own left, visible or hidden.
TEST(FaultEnumeration, CK02_AFailedSaveLeavesNothing) {
  const TinyRun counted;
  counted.save(1);
  const long calls = count_calls(counted.path(), [&] { counted.save_only(2); });
  long failed = 0;
  for (long k = 1; k <= calls; ++k) {
    const TinyRun run;
    run.save(1);
    const std::string line =
        error_under({k, 0, Kind::kErrno, ENOSPC, run.path().string()}, [&] { run.save_only(2); });
    failed += line.empty() ? 0 : 1;
    run.expect_nothing_hidden(line);
    run.expect_newest(line.empty() ? StepSet{2} : StepSet{1, 2}, line);
  }
  EXPECT_GT(failed, calls / 2);
}

// Every loop over a transfer goes on where it was.
TEST(FaultEnumeration, CK02_ShortWritesFailNothing) {
  const TinyRun run;
  fault::arm({1, 1'000'000, Kind::kShort, 0, run.path().string()});
  run.save(1);
  EXPECT_GT(fault::disarm(), 50) << "files took many writes";
  run.expect_newest({1}, "every write is short");
}

// fsyncs below `directory` among the first n calls, without its name.
std::vector<std::string> syncs_of(const std::vector<fault::Call>& calls, std::size_t n,
                                  const fs::path& directory) {
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < std::min(n, calls.size()); ++i) {
    if (calls[i].name == "fsync") paths.push_back(calls[i].path.substr(directory.string().size()));
  }
  return paths;
}

TEST(FaultEnumeration, CK03_AFailedFsyncIsNotRepeated) {
  const TinyRun counted;
  counted.save(1);
  fault::arm({0, 0, Kind::kNone, 0, counted.path().string()});
  counted.save_only(2);
  fault::disarm();
  const std::vector<fault::Call> calls = fault::calls();
  long failures = 0;
  for (std::size_t k = 0; k < calls.size(); ++k) {
    if (calls[k].name != "fsync") continue;
    const TinyRun run;
    run.save(1);
    const std::string line =
        error_under({static_cast<long>(k) + 1, 0, Kind::kErrno, EIO, run.path().string()},
                    [&] { run.save_only(2); });
    EXPECT_NE(line.find("a failed fsync"), std::string::npos) << "call " << k << ": " << line;
    EXPECT_EQ(syncs_of(fault::calls(), calls.size(), run.path()),
              syncs_of(calls, k, counted.path()))
        << line;
    run.expect_newest({1, 2}, line);
    ++failures;
  }
  EXPECT_GE(failures, 5);
}

TEST(FaultEnumeration, CK04_AFailedRenameKeepsTheOld) {
  for (const int error : {EXDEV, EEXIST, ENOTEMPTY}) {
    TinyRun counted;
    counted.save(1);
    const long calls = count_calls(counted.path(), [&] { counted.save_only(2); });
    long renames = 0;
    for (long k = 1; k <= calls; ++k) {
      const TinyRun run;
      run.save(1);
      const std::string line =
          error_under({k, 0, Kind::kErrno, error, run.path().string()}, [&] { run.save_only(2); });
      if (line.find("a failed rename") == std::string::npos) continue;
      ++renames;
      EXPECT_NE(line.find("step-2"), std::string::npos) << line;
      run.expect_newest({1}, line);
      run.expect_next_save_works(2, line);
    }
    EXPECT_EQ(renames, 1) << std::strerror(error);
  }
}

// File systems without the flags of renameat2, and systems without the call.
TEST(FaultEnumeration, CK14_RenamesWithoutFlagsDo) {
  for (const int replaced : {2, 1}) {
    const TinyRun counted;
    counted.save(1);
    const std::vector<fault::Call> calls =
        calls_of(counted.path(), [&] { counted.save_only(replaced); });
    const auto renaming = std::ranges::find_if(
        calls, [](const fault::Call& c) { return c.name == "rename" || c.name == "exchange"; });
    ASSERT_NE(renaming, calls.end());
    for (const int error : {EINVAL, ENOSYS}) {
      const TinyRun run;
      run.save(1);
      EXPECT_EQ(error_under({renaming->number, 0, Kind::kErrno, error, run.path().string()},
                            [&] { run.save_only(replaced); }),
                "");
      run.expect_newest({replaced}, std::strerror(error));
      run.expect_nothing_hidden(std::strerror(error));
    }
  }
}

TEST(FaultEnumeration, CK05_KilledAtEveryCallOfADeletion) {
  const auto fill = [](const TinyRun& run) {
    for (const int n : {1, 2, 3, 4}) run.save_only(n);
  };
  TinyRun counted;
  fill(counted);
  const long calls = count_calls(counted.path(), [&] { prune_checkpoints(counted.path(), 2); });
  ASSERT_GT(calls, 8);
  for (long k = 1; k <= calls; ++k) {
    const TinyRun run;
    fill(run);
    ASSERT_TRUE(killed_at(k, run.path(), [&] { prune_checkpoints(run.path(), 2); }));
    const std::string what = "killed at call " + std::to_string(k);
    run.expect_newest({4}, what);
    for (const int n : {1, 2, 3}) {  // what looks like a checkpoint is a whole one
      if (!fs::exists(run.step(n))) continue;
      EXPECT_TRUE(fs::exists(run.step(n) / "MANIFEST.json") &&
                  fs::exists(run.step(n) / "state.safetensors"))
          << what << ", step " << n;
    }
    run.expect_next_save_works(5, what);
  }
}

// The only checkpoint there is, saved again: by a run that is resumed before its first step.
TEST(FaultEnumeration, CK15_TheOnlyCheckpointSavedAgainIsNeverAbsent) {
  TinyRun counted;
  counted.save(0);
  const long calls = count_calls(counted.path(), [&] { counted.save(0); });
  for (long k = 1; k <= calls; ++k) {
    const TinyRun run;
    run.save(0);
    ASSERT_TRUE(killed_at(k, run.path(), [&] { run.save(0); }));
    run.expect_newest({0}, "killed at call " + std::to_string(k));
    for (const Fault& f : kFaults) {
      error_under({k, 0, f.kind, f.error, run.path().string()}, [&] { run.save(0); });
      run.expect_newest({0}, title(f, k));
    }
    run.expect_next_save_works(0, "again");
  }
}

TEST(FaultEnumeration, DF07_TheFirstSaveWithSpaceSucceeds) {
  const TinyRun run;
  for (const int n : {1, 2}) run.save(n);
  const std::vector<std::string> before = names_below(run.path());
  for (int n = 3; n < 1003; ++n) {
    const long from = 1 + n % 12;  // beyond these, cleaning up fails, too
    const std::string line = error_under(
        {from, from + 30, Kind::kErrno, ENOSPC, run.path().string()}, [&] { run.save(n); });
    ASSERT_FALSE(line.empty()) << n;
    run.expect_newest({2}, line);
  }
  run.expect_next_save_works(1003, "there is space again");
}

class ModelWrite : public ::testing::Test {
 protected:
  fs::path target() const { return directory_ / "model"; }

  void write() const {
    ModelMetadata metadata;
    metadata.shape.vocab_size = 2;
    metadata.shape.hidden_size = 2;
    metadata.shape.intermediate_size = 2;
    metadata.shape.layers = metadata.shape.heads = metadata.shape.kv_heads = 1;
    metadata.shape.head_dim = 2;
    metadata.shape.max_positions = 8;
    metadata.shape.eos_token_ids = {1};
    metadata.roste = {{"format", "test"}};
    const std::array<float, 2> values = {1, 2};
    const std::vector<FloatTensorView> tensors = {{"weight", {2}, values}};
    write_model_directory(target(), metadata, tensors);
  }

  // All of it or nothing.
  void expect_whole_or_absent(const std::string& what) const {
    if (!fs::exists(target())) return;
    EXPECT_EQ(names_below(target()), whole_) << what;
    EXPECT_EQ(read_text(target() / "model.safetensors"), weights_) << what;
  }

  void SetUp() override {
    calls_ = count_calls(directory_.path(), [&] { write(); });
    whole_ = names_below(target());
    weights_ = read_text(target() / "model.safetensors");
    fs::remove_all(target());
    ASSERT_GE(whole_.size(), 4u);
  }

  testing::TemporaryDirectory directory_;
  long calls_ = 0;
  std::vector<std::string> whole_;
  std::string weights_;
};

TEST_F(ModelWrite, CK17_KilledAtEveryCall) {
  for (long k = 1; k <= calls_; ++k) {
    const std::string what = "killed at call " + std::to_string(k);
    ASSERT_TRUE(killed_at(k, directory_.path(), [&] { write(); })) << what;
    expect_whole_or_absent(what);
    fs::remove_all(target());
    write();
    expect_whole_or_absent(what);
    EXPECT_EQ(names_below(directory_.path()).size(), whole_.size() + 1)
        << what << " left something";
    fs::remove_all(target());
  }
}

TEST_F(ModelWrite, CK17_EveryCallFailsInEveryWay) {
  for (const Fault& f : kFaults) {
    for (long k = 1; k <= calls_; ++k) {
      const std::string line =
          error_under({k, 0, f.kind, f.error, directory_.path().string()}, [&] { write(); });
      EXPECT_TRUE(!line.empty() || fs::exists(target())) << title(f, k);
      expect_whole_or_absent(title(f, k) + " " + line);
      fs::remove_all(target());
    }
  }
  write();
  EXPECT_EQ(names_below(directory_.path()).size(), whole_.size() + 1) << "something was left";
}

TEST(FaultEnumeration, CK02_AFileWrittenAtomicallyIsOldOrNew) {
  const testing::TemporaryDirectory directory;
  const fs::path file = directory / "eval.json";
  const auto write = [&] { write_file_atomically(file, "the new text"); };
  const long calls = count_calls(directory.path(), write);
  for (long k = 1; k <= calls; ++k) {
    write_text(file, "old");
    ASSERT_TRUE(killed_at(k, directory.path(), write));
    EXPECT_TRUE(read_text(file) == "old" || read_text(file) == "the new text") << k;
    for (const Fault& f : kFaults) {
      write_text(file, "old");
      const std::string line =
          error_under({k, 0, f.kind, f.error, directory.path().string()}, write);
      const std::string text = read_text(file);
      EXPECT_TRUE(text == "the new text" || (text == "old" && !line.empty())) << title(f, k);
    }
  }
}

}  // namespace
}  // namespace trainer
