#include "reference_trainer/base/thread_pool.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "reference_trainer/base/process.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace trainer {
namespace {

// Ops last 10 to 500 microseconds and follow one another closely; waking a sleeping thread costs
// tens of microseconds. Longer spinning would take time from a hyper-thread that computes.
constexpr auto kSpinTime = std::chrono::microseconds(20);
constexpr int kPausesPerClockRead = 16;

void pause_core() {
#if defined(__SSE2__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

template <class Condition>
void spin_until(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kSpinTime;
  while (std::chrono::steady_clock::now() < deadline) {
    for (int i = 0; i < kPausesPerClockRead; ++i) {
      if (condition()) return;
      pause_core();
    }
  }
}

}  // namespace

// One parallel_for is one round. A worker enters a round under the mutex and only while it is open,
// so the caller never waits for a worker that woke up after the last task was taken.
struct ThreadPool::State {
  using Task = std::function<void(std::int64_t)>;

  const FloatingPointMode mode = FloatingPointMode::of_this_thread();  // of the constructing thread

  std::mutex mutex;
  std::condition_variable round_opened, workers_left;
  std::vector<std::thread> workers;

  // Written under the mutex; the atomics are also read without it by spinning threads.
  std::atomic<std::int64_t> round{0};
  std::atomic<int> working{0};  // workers inside the round
  std::atomic<bool> stopping{false};
  bool open = false;
  const Task* task = nullptr;
  std::int64_t count = 0;
  std::exception_ptr failure;

  std::atomic<std::int64_t> next{0};  // first task that nobody has taken

  void run_tasks();
  bool enter_round(std::int64_t& seen);
  void leave_round();
  void work();
  void open_round(std::int64_t task_count, const Task& round_task);
  std::exception_ptr close_round();
  void stop();
};

// Takes tasks until none is left. A failure takes all that remain, so that the round ends early.
void ThreadPool::State::run_tasks() {
  try {
    for (std::int64_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) (*task)(i);
  } catch (...) {
    const std::lock_guard lock(mutex);
    if (!failure) failure = std::current_exception();
    next.store(count);
  }
}

// Waits for a round that the worker has not `seen`; false when the pool is being destroyed.
bool ThreadPool::State::enter_round(std::int64_t& seen) {
  const auto ready = [&] { return round.load() != seen || stopping.load(); };
  for (;;) {
    spin_until(ready);
    std::unique_lock lock(mutex);
    round_opened.wait(lock, ready);
    if (stopping.load()) return false;
    seen = round.load();
    if (!open) continue;
    working.fetch_add(1);
    return true;
  }
}

void ThreadPool::State::leave_round() {
  const std::lock_guard lock(mutex);
  if (working.fetch_sub(1) == 1) workers_left.notify_one();
}

void ThreadPool::State::work() {
  mode.apply_to_this_thread();
  std::int64_t seen = 0;
  while (enter_round(seen)) {
    run_tasks();
    leave_round();
  }
}

void ThreadPool::State::open_round(std::int64_t task_count, const Task& round_task) {
  {
    const std::lock_guard lock(mutex);
    task = &round_task;
    count = task_count;
    failure = nullptr;
    next.store(0);
    open = true;
    round.fetch_add(1);
  }
  round_opened.notify_all();
}

// Waits for the workers inside the round; returns the first failure.
std::exception_ptr ThreadPool::State::close_round() {
  {
    const std::lock_guard lock(mutex);
    open = false;
  }
  const auto all_left = [&] { return working.load() == 0; };
  spin_until(all_left);
  std::unique_lock lock(mutex);
  workers_left.wait(lock, all_left);
  return std::exchange(failure, nullptr);
}

void ThreadPool::State::stop() {
  {
    const std::lock_guard lock(mutex);
    stopping.store(true);
  }
  round_opened.notify_all();
  for (std::thread& worker : workers) worker.join();
}

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  if (threads < 1) {
    throw std::invalid_argument("ThreadPool: got " + std::to_string(threads) +
                                " threads, expected at least 1");
  }
  try {
    for (int i = 1; i < threads; ++i)
      state_->workers.emplace_back([s = state_.get()] { s->work(); });
  } catch (...) {
    state_->stop();  // the system refused a thread: join those that run, then report
    throw;
  }
}

ThreadPool::~ThreadPool() { state_->stop(); }

int ThreadPool::threads() const { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::parallel_for(std::int64_t count, const std::function<void(std::int64_t)>& task) {
  if (threads() == 1 || count <= 1) {
    for (std::int64_t i = 0; i < count; ++i) task(i);
    return;
  }
  state_->open_round(count, task);
  state_->run_tasks();
  if (const std::exception_ptr failure = state_->close_round()) std::rethrow_exception(failure);
}

}  // namespace trainer
