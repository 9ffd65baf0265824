// A tiny run whose checkpoints say by their values which step they are of, and what must be true of
// them whatever happened.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <set>
#include <string>
#include <vector>

#include "reference_trainer/io/checkpoint.h"
#include "tests/io/files.h"
#include "tests/support/fault_calls.h"

namespace trainer {

using StepSet = std::set<std::int64_t>;

class TinyRun {
 public:
  static constexpr int kKeep = 2;

  const std::filesystem::path& path() const { return directory_.path(); }
  std::filesystem::path step(std::int64_t n) const {
    return path() / "checkpoints" / ("step-" + std::to_string(n));
  }

  // As training does it: save, then prune.
  void save(std::int64_t n) const {
    save_only(n);
    prune_checkpoints(path(), kKeep);
  }

  void save_only(std::int64_t n) const {
    const std::array<float, 3> weight = values(n);
    const std::array<float, 2> moment = {static_cast<float>(-n), 0.5f};
    const std::vector<FloatTensorView> tensors = {{"weight", {3}, weight}, {"moment", {2}, moment}};
    save_checkpoint(path(), {n, {{"seed", 7}}}, tensors);
  }

  // One of `steps` is the newest whole checkpoint, and every directory that looks like a
  // checkpoint is one.
  void expect_newest(const StepSet& steps, const std::string& what) const {
    const auto found = find_newest_checkpoint(path());
    ASSERT_TRUE(found) << what << ": no checkpoint at all";
    EXPECT_TRUE(steps.contains(found->info.step)) << what << ": step " << found->info.step;
    EXPECT_TRUE(found->skipped.empty()) << what << ": " << found->skipped.front();
    std::array<float, 3> weight{};
    SafetensorsFile::open(found->directory / "state.safetensors").read_floats("weight", weight);
    EXPECT_EQ(weight, values(found->info.step)) << what;
  }

  // After the next save nothing is left of an earlier failure.
  void expect_next_save_works(std::int64_t n, const std::string& what) const {
    save(n);
    expect_newest({n}, what);
    expect_nothing_hidden(what);
  }

  void expect_nothing_hidden(const std::string& what) const {
    for (const std::string& name : testing::names_below(path()))
      EXPECT_EQ(name.find("/."), std::string::npos) << what << " left " << name;
  }

 private:
  static std::array<float, 3> values(std::int64_t n) {
    const auto v = static_cast<float>(n);
    return {v, v + 0.25f, v * 3};
  }

  testing::TemporaryDirectory directory_;
};

// Calls that `action` makes below `directory`.
template <class Action>
long count_calls(const std::filesystem::path& directory, const Action& action) {
  fault::arm({0, 0, fault::Kind::kNone, 0, directory.string()});
  action();
  return fault::disarm();
}

// Those that succeed, in order.
template <class Action>
std::vector<fault::Call> calls_of(const std::filesystem::path& directory, const Action& action) {
  count_calls(directory, action);
  return fault::calls();
}

// Runs `action` in a child process that is killed at its k-th call; whether it was.
template <class Action>
bool killed_at(long k, const std::filesystem::path& directory, const Action& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    fault::arm({k, 0, fault::Kind::kKill, 0, directory.string()});
    action();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

}  // namespace trainer
