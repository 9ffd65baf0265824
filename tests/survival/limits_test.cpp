// Memory that is refused, a storm of signals, and every bit of a checkpoint.
#include <sys/resource.h>
#include <sys/time.h>

#include <csignal>
#include <new>

#include "reference_trainer/io/staged_directory.h"
#include "tests/survival/allocations.h"
#include "tests/survival/saves.h"

namespace trainer {
namespace {

// How a process ends whose save finds memory for `count` allocations only.
enum class Ending { kSaved, kRefused, kAborted };

Ending save_with(long count, const TinyRun& run) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit no_core{};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::close(2);
    allow_allocations(count);
    try {
      run.save(3);
    } catch (const std::bad_alloc&) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return Ending::kAborted;
  return WEXITSTATUS(status) == 0 ? Ending::kSaved : Ending::kRefused;
}

// The n-th allocation of a save fails, and all after it, for every n. The JSON library frees its
// values with the help of new memory, and ends the process where there is none: as a SIGKILL.
TEST(Limits, DF05_EveryAllocationOfASaveFails) {
  long n = 0, refused = 0;
  for (Ending ending = Ending::kRefused; ending != Ending::kSaved; ++n) {
    ASSERT_LT(n, 10'000);
    const TinyRun run;
    for (const int step : {1, 2}) run.save(step);
    ending = save_with(n, run);
    refused += ending == Ending::kRefused ? 1 : 0;
    run.expect_newest({2, 3}, "allocation " + std::to_string(n));
    run.expect_next_save_works(4, "afterwards");
  }
  EXPECT_GT(n, 100);
  EXPECT_GT(refused, 10);
}

// What is left of a failed save is removed, or not; it never ends the process.
TEST(Limits, DF05_RemovingAFailedSaveWithoutMemory) {
  const testing::TemporaryDirectory directory;
  const pid_t child = ::fork();
  if (child == 0) {
    {
      const StagedDirectory staged(directory.path() / "model");
      testing::write_text(staged.path() / "file", "part");
      allow_allocations(0);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

void do_nothing(int) {}

// A timer that interrupts whatever waits, a thousand times a second.
TEST(Limits, SG05_AStormOfSignals) {
  struct sigaction rule {
  }, before{};
  rule.sa_handler = do_nothing;  // without SA_RESTART: calls return EINTR
  ASSERT_EQ(::sigaction(SIGALRM, &rule, &before), 0);
  const itimerval storm{{0, 1000}, {0, 1000}}, calm{};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &storm, nullptr), 0);
  const TinyRun run;
  for (int n = 1; n <= 300; ++n) run.save(n);
  ::setitimer(ITIMER_REAL, &calm, nullptr);
  ::sigaction(SIGALRM, &before, nullptr);
  run.expect_newest({300}, "storm");
}

// Each of the bits of a tiny checkpoint, one at a time.
TEST(Limits, CK07_EveryBitOfATinyCheckpoint) {
  const TinyRun run;
  for (const int n : {1, 2}) run.save(n);
  std::size_t bits = 0;
  for (const char* name : {"state.safetensors", "MANIFEST.json"}) {
    const std::filesystem::path file = run.step(2) / name;
    const std::string whole = testing::read_text(file);
    for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit, ++bits) {
      std::string flipped = whole;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      testing::write_text(file, flipped);
      const auto found = find_newest_checkpoint(run.path());
      ASSERT_TRUE(found && found->info.step == 1) << name << " bit " << bit;
      ASSERT_NE(found->skipped.at(0).find(name), std::string::npos) << found->skipped.at(0);
    }
    testing::write_text(file, whole);
  }
  EXPECT_GT(bits, 4000u);
  run.expect_newest({2}, "the flips were undone");
}

}  // namespace
}  // namespace trainer
