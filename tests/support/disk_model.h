// What a disk may hold after the power went: of the recorded calls, those that an fsync has made
// durable, and any of the others.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/fault_calls.h"

namespace trainer::fault {

// Path relative to the root to contents; directories end in '/'.
using DiskState = std::map<std::string, std::string>;

class DiskModel {
 public:
  // `before` is durable; `calls` were made below `root`, whose name ends without '/'.
  DiskModel(const std::string& root, const DiskState& before, const std::vector<Call>& calls);

  // Every state after the first n calls: all subsets of what is not durable, or `most` of them at
  // random where there are more. A change of a directory is one step: a rename is never half done.
  std::set<DiskState> states_after(std::size_t n, std::size_t most) const;
  std::size_t calls() const { return syncs_.size(); }

 private:
  struct Change {  // of one directory, or of a file's bytes
    enum class Kind { kLink, kUnlink, kMove, kSwap, kData } kind;
    int node = 0;          // what appears, disappears, is moved or written
    int directory = 0;     // that changes; of kData: the file
    std::string name, to;  // entries of that directory
    std::string bytes;     // of kData
    std::size_t call = 0;  // by which it was made
  };
  struct Tree {
    std::map<int, std::map<std::string, int>> entries;  // of directories
    std::map<int, std::string> bytes;                   // of files
  };

  void record(const Call& call, std::size_t index);
  static void apply(const Change& change, Tree& tree);
  int find(const std::string& path) const;  // -1 where there is none
  std::pair<int, std::string> parent_of(const std::string& path) const;
  bool is_durable(const Change& change, std::size_t n) const;
  static void list(const Tree& tree, int directory, const std::string& prefix, DiskState& state);

  std::string root_;
  Tree begin_, now_;
  int nodes_ = 1;  // 0 is the root
  std::vector<Change> changes_;
  std::vector<int> syncs_;  // by call: the node that it synced, or -1
};

}  // namespace trainer::fault
