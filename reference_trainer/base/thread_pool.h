// A small pool of std::threads. Work is cut into tasks whose borders depend on shapes only, and no
// task reads what another writes, so results do not depend on how many threads there are.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace trainer {

class ThreadPool {
 public:
  // `threads` >= 1 counts the calling thread. Every worker takes over the floating-point mode of
  // the constructing thread, so that one parallel_for called there never mixes modes.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;

  // Runs task(0) ... task(count - 1), each once, in any order and on any thread, and returns when
  // all are done. The first exception thrown by a task is rethrown here. Not re-entrant: a task
  // must not call parallel_for.
  void parallel_for(std::int64_t count, const std::function<void(std::int64_t)>& task);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace trainer
