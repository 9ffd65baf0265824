#include "reference_trainer/base/thread_pool.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "reference_trainer/base/process.h"

namespace trainer {
namespace {

TEST(ThreadPool, EveryTaskRunsExactlyOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const int count : {0, 1, 2, 3, 7, 1000}) {
      std::vector<std::atomic<int>> runs(count);
      pool.parallel_for(count, [&](std::int64_t i) { ++runs[i]; });
      for (int i = 0; i < count; ++i) ASSERT_EQ(runs[i], 1) << threads << " threads, task " << i;
    }
  }
}

TEST(ThreadPool, OneThreadRunsInOrderOnTheCaller) {
  ThreadPool pool(1);
  std::vector<std::int64_t> order;
  const auto caller = std::this_thread::get_id();
  pool.parallel_for(4, [&](std::int64_t i) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    order.push_back(i);
  });
  EXPECT_EQ(order, (std::vector<std::int64_t>{0, 1, 2, 3}));
}

// Each task waits for the other, so the two run on two threads at the same time.
void run_on_two_threads(ThreadPool& pool, const std::function<void(std::int64_t)>& body) {
  std::atomic<int> arrived{0};
  pool.parallel_for(2, [&](std::int64_t i) {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
    body(i);
  });
}

TEST(ThreadPool, TasksRunAtTheSameTime) {
  ThreadPool pool(2);
  std::array<std::thread::id, 2> ids;
  run_on_two_threads(pool, [&](std::int64_t i) { ids[i] = std::this_thread::get_id(); });
  EXPECT_NE(ids[0], ids[1]);
}

// Plain values written by tasks are read by the caller, round after round: a lost hand-over shows
// as a wrong sum, and as a race under ThreadSanitizer.
TEST(ThreadPool, ManyShortRoundsLoseNothing) {
  ThreadPool pool(3);
  std::array<std::int64_t, 5> values{};
  constexpr std::int64_t kRounds = 5000;
  for (std::int64_t round = 0; round < kRounds; ++round) {
    pool.parallel_for(5, [&](std::int64_t i) { values[i] += i + 1; });
  }
  for (std::int64_t i = 0; i < 5; ++i) EXPECT_EQ(values[i], kRounds * (i + 1));
}

TEST(ThreadPool, TheCallerWaitsForAWorkerThatTakesLong) {
  ThreadPool pool(2);
  const auto caller = std::this_thread::get_id();
  std::atomic<bool> done{false};
  run_on_two_threads(pool, [&](std::int64_t) {
    if (std::this_thread::get_id() == caller) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // far beyond the spinning time
    done = true;
  });
  EXPECT_TRUE(done);
}

TEST(ThreadPool, WorkersThatFellAsleepWakeUp) {
  ThreadPool pool(2);
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // far beyond the spinning time
    std::array<int, 2> ran{};
    run_on_two_threads(pool, [&](std::int64_t i) { ran[i] = 1; });
    EXPECT_EQ(ran[0] + ran[1], 2);
  }
}

TEST(ThreadPool, AFailureReachesTheCallerAndThePoolStaysUsable) {
  for (const int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    for (int round = 0; round < 20; ++round) {
      const auto fail = [](std::int64_t i) {
        if (i == 3) throw std::runtime_error("task 3");
      };
      try {
        pool.parallel_for(10, fail);
        FAIL() << "nothing was thrown";
      } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "task 3");
      }
      std::atomic<int> runs{0};
      pool.parallel_for(10, [&](std::int64_t) { ++runs; });
      EXPECT_EQ(runs, 10);
    }
  }
}

TEST(ThreadPool, AFailureOnAWorkerReachesTheCaller) {
  ThreadPool pool(2);
  const auto caller = std::this_thread::get_id();
  const auto fail_elsewhere = [&](std::int64_t) {
    if (std::this_thread::get_id() != caller) throw std::out_of_range("worker");
  };
  EXPECT_THROW(run_on_two_threads(pool, fail_elsewhere), std::out_of_range);
}

TEST(ThreadPool, ZeroThreadsAreRefused) { EXPECT_THROW(ThreadPool(0), std::invalid_argument); }

#if defined(__SSE2__)

// Half of the smallest normal number is a denormal; volatile keeps the compiler from folding it.
float halved_smallest_normal() {
  volatile float smallest = 1.17549435e-38f;
  return smallest * 0.5f;
}

// The same product on the caller and on a worker.
std::array<float, 2> halved_on_both(ThreadPool& pool) {
  std::array<float, 2> results{};
  run_on_two_threads(pool, [&](std::int64_t i) { results[i] = halved_smallest_normal(); });
  return results;
}

// The threads of a pool compute in one mode, that of the thread which constructed it.
TEST(ThreadPool, WorkersTakeOverTheFloatingPointMode) {
  std::thread([] {  // a thread of its own: no other test sees its settings
    ThreadPool gradual(2);
    for (const float half : halved_on_both(gradual)) EXPECT_NE(half, 0.0f);
    flush_denormals_in_this_thread();
    ThreadPool flushing(2);
    for (const float half : halved_on_both(flushing)) EXPECT_EQ(half, 0.0f);
  })
      .join();
}

TEST(Process, AFloatingPointModeIsTakenAndApplied) {
  std::thread([] {
    const FloatingPointMode gradual = FloatingPointMode::of_this_thread();
    ASSERT_NE(halved_smallest_normal(), 0.0f);
    flush_denormals_in_this_thread();
    const FloatingPointMode flushing = FloatingPointMode::of_this_thread();
    gradual.apply_to_this_thread();
    EXPECT_NE(halved_smallest_normal(), 0.0f);
    flushing.apply_to_this_thread();
    EXPECT_EQ(halved_smallest_normal(), 0.0f);
  }).join();
}

TEST(ThreadPool, DenormalInputsCountAsZero) {
  std::thread([] {
    volatile float denormal = 1e-40f;
    ASSERT_NE(denormal * 1e10f, 0.0f);
    flush_denormals_in_this_thread();
    EXPECT_EQ(denormal * 1e10f, 0.0f);
  }).join();
}

#endif

}  // namespace
}  // namespace trainer
