// A team whose threads are a loop: what a kernel computes, without a device.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "roste/core/signs.h"
#include "roste/cuda/team/kernel_function.h"

namespace roste::cuda {

// In which order each() visits the threads. A right kernel gives the same bits for all of them.
enum class ThreadOrder { kForward, kReversed, kShuffled };

// Where a block stands in the grid, and how many threads it has.
struct Block {
  std::int64_t index = 0;
  std::int64_t count = 1;
  int threads = 1;
};

namespace detail {

inline std::vector<int> thread_order(int threads, ThreadOrder order) {
  std::vector<int> result(static_cast<std::size_t>(threads));
  for (int t = 0; t < threads; ++t) result[static_cast<std::size_t>(t)] = t;
  if (order == ThreadOrder::kReversed) std::reverse(result.begin(), result.end());
  for (std::size_t i = result.size(); order == ThreadOrder::kShuffled && i > 1; --i) {
    std::swap(result[i - 1], result[static_cast<std::size_t>(random_bits(1, i) % i)]);
  }
  return result;
}

// The tree of DeviceTeam::reduce on values of all threads.
template <class T, class Op>
void fold_runs(std::vector<T>& values, int width, Op op) {
  if (!can_reduce(width) || values.size() % static_cast<std::size_t>(width) != 0) {
    throw std::logic_error("roste: a fold over " + std::to_string(width) + " of " +
                           std::to_string(values.size()) +
                           " threads; expected a power of two or whole warps that divide them");
  }
  for (std::size_t offset = std::min(width, kWarp) / 2; offset > 0; offset /= 2) {
    const std::vector<T> before = values;
    for (std::size_t t = 0; t < values.size(); ++t) values[t] = op(before[t], before[t ^ offset]);
  }
  const std::size_t run = static_cast<std::size_t>(width);
  for (std::size_t first = 0; first < values.size() && width > kWarp; first += run) {
    T total = values[first];
    for (std::size_t warp = 1; warp < run / kWarp; ++warp) {
      total = op(total, values[first + warp * kWarp]);
    }
    for (std::size_t t = first; t < first + run; ++t) values[t] = total;
  }
}

}  // namespace detail

class HostTeam {
 public:
  explicit HostTeam(Block block, ThreadOrder order = ThreadOrder::kForward)
      : block_(block), order_(detail::thread_order(block.threads, order)) {}

  int threads() const { return block_.threads; }
  std::int64_t block() const { return block_.index; }
  std::int64_t blocks() const { return block_.count; }

  template <class F>
  void each(F&& f) {
    for (const int t : order_) f(t);
  }

  void sync() {}

  template <class T>
  class Private {
   public:
    explicit Private(HostTeam& team) : values_(static_cast<std::size_t>(team.threads())) {}
    T& operator[](int t) { return values_.at(static_cast<std::size_t>(t)); }
    std::vector<T>& all() { return values_; }

   private:
    std::vector<T> values_;
  };

  template <class T>
  class Shared {
   public:
    explicit Shared(int count) : values_(static_cast<std::size_t>(count)) {}
    T load(int i) const { return values_.at(static_cast<std::size_t>(i)); }
    void store(int i, T value) { values_.at(static_cast<std::size_t>(i)) = value; }

   private:
    std::vector<T> values_;
  };

  template <class T>
  Shared<T> shared(int count) {
    return Shared<T>(count);
  }

  template <class T, class Op>
  void reduce(Private<T>& values, int width, Op op) {
    detail::fold_runs(values.all(), width, op);
  }

  static void lower(std::uint64_t* cell, std::uint64_t value) { *cell = std::min(*cell, value); }

 private:
  Block block_;
  std::vector<int> order_;
};

}  // namespace roste::cuda
