// Memory that is refused, a storm of signals, and every bit of a checkpoint.
#include <sys/time.h>

#include <csignal>
#include <cstdlib>
#include <new>

#include "tests/survival/saves.h"

namespace {

long allocations_left = -1;  // -1: not counted

bool refuse_allocation() {
  if (allocations_left < 0) return false;
  if (allocations_left == 0) return true;
  --allocations_left;
  return false;
}

}  // namespace

void* operator new(std::size_t size) {
  void* memory = refuse_allocation() ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace trainer {
namespace {

// The n-th allocation of a save fails, and all after it, for every n.
TEST(Limits, DF05_EveryAllocationOfASaveFails) {
  const TinyRun run;
  for (const int n : {1, 2}) run.save(n);
  long n = 0;
  for (bool failed = true; failed; ++n) {
    ASSERT_LT(n, 100'000);
    failed = false;
    allocations_left = n;
    try {
      run.save(3);
    } catch (const std::bad_alloc&) {
      failed = true;
    } catch (const Error&) {
      failed = true;
    }
    allocations_left = -1;
    if (failed) run.expect_newest({2, 3}, "allocation " + std::to_string(n));
    if (std::filesystem::exists(run.step(3)) && failed) {
      std::filesystem::remove_all(run.step(3));  // so that the next one is a first save, too
      if (!std::filesystem::exists(run.step(1))) run.save_only(1);
    }
  }
  EXPECT_GT(n, 100);
  run.expect_newest({3}, "enough memory");
  run.expect_next_save_works(4, "afterwards");
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
  EXPECT_GT(bits, 5000u);
  run.expect_newest({2}, "the flips were undone");
}

}  // namespace
}  // namespace trainer
