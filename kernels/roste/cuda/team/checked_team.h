// A team that notices races: what would go wrong on a device although a loop over threads does not.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "roste/cuda/team/host_team.h"

namespace roste::cuda {

// A cell of shared memory was used by two threads between two barriers.
class RaceError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// Each cell of shared memory remembers who wrote and who read it since the last barrier. Throws
// RaceError for a read of what another thread wrote, a write over what another thread read or
// wrote, a read of what nobody wrote, and for another thread's private value.
class CheckedTeam {
 public:
  explicit CheckedTeam(Block block, ThreadOrder order = ThreadOrder::kForward)
      : loop_(block, order) {}

  int threads() const { return loop_.threads(); }
  std::int64_t block() const { return loop_.block(); }
  std::int64_t blocks() const { return loop_.blocks(); }

  template <class F>
  void each(F&& f) {
    const LeaveEach leave{thread_};
    loop_.each([&](int t) {
      thread_ = t;
      f(t);
    });
  }

  void sync() {
    if (thread_ != kNobody) throw RaceError("roste: a barrier inside of each()");
    ++epoch_;
  }

  template <class T>
  class Private {
   public:
    explicit Private(CheckedTeam& team)
        : team_(team), values_(static_cast<std::size_t>(team.threads())) {}
    T& operator[](int t) {
      if (t != team_.thread_) team_.fail("used the private value of thread", t);
      return values_.at(static_cast<std::size_t>(t));
    }
    std::vector<T>& all() { return values_; }

   private:
    CheckedTeam& team_;
    std::vector<T> values_;
  };

  template <class T>
  class Shared {
   public:
    Shared(CheckedTeam& team, int count) : team_(team), cells_(static_cast<std::size_t>(count)) {}

    T load(int i) {
      Cell& cell = cells_.at(static_cast<std::size_t>(i));
      if (cell.writer == kNobody) team_.fail("read, before anybody wrote it, cell", i);
      if (cell.written == team_.epoch_ && cell.writer != team_.thread_) {
        team_.fail("read, without a barrier after the write, cell", i);
      }
      const bool first = cell.read != team_.epoch_;
      cell.reader = first || cell.reader == team_.thread_ ? team_.thread_ : kSeveral;
      cell.read = team_.epoch_;
      return cell.value;
    }

    void store(int i, T value) {
      Cell& cell = cells_.at(static_cast<std::size_t>(i));
      if (cell.written == team_.epoch_ && cell.writer != team_.thread_) {
        team_.fail("wrote, as another thread did, cell", i);
      }
      if (cell.read == team_.epoch_ && cell.reader != team_.thread_) {
        team_.fail("wrote, without a barrier after another thread's read, cell", i);
      }
      cell = {value, team_.thread_, cell.reader, team_.epoch_, cell.read};
    }

   private:
    struct Cell {
      T value{};
      int writer = kNobody;
      int reader = kNobody;
      std::int64_t written = -1;  // epochs
      std::int64_t read = -1;
    };
    CheckedTeam& team_;
    std::vector<Cell> cells_;
  };

  template <class T>
  Shared<T> shared(int count) {
    return Shared<T>(*this, count);
  }

  template <class T, class Op>
  void reduce(Private<T>& values, int width, Op op) {
    if (thread_ != kNobody) throw RaceError("roste: a collective inside of each()");
    detail::fold_runs(values.all(), width, op);
  }

  static void lower(std::uint64_t* cell, std::uint64_t value) { HostTeam::lower(cell, value); }

 private:
  static constexpr int kNobody = -1;
  static constexpr int kSeveral = -2;

  struct LeaveEach {  // by an exception, too
    int& thread;
    ~LeaveEach() { thread = kNobody; }
  };

  [[noreturn]] void fail(const char* what, int which) const {
    throw RaceError("roste: thread " + std::to_string(thread_) + " " + what + " " +
                    std::to_string(which) + " after " + std::to_string(epoch_) + " barriers");
  }

  HostTeam loop_;
  int thread_ = kNobody;
  std::int64_t epoch_ = 0;
};

}  // namespace roste::cuda
