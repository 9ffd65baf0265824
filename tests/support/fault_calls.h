// The calls by which a program changes files, counted and made to fail: the linker finds these
// functions (open, write, fsync, rename, ...) before those of the C library. In a test program of
// its own, or loaded before reference_trainer (tests/tools/fault_preload.cpp).
#pragma once

#include <string>
#include <vector>

namespace trainer::fault {

enum class Kind {
  kNone,   // only counts
  kErrno,  // returns -1 with Plan::error; a close happens all the same, as on Linux
  kShort,  // a write takes only half of its bytes; other calls do what they should
  kKill,   // SIGKILL before the call, of a write in its middle
  kSignal  // the signal Plan::error before the call, which is then made
};

struct Plan {
  long at = 0;    // the call that fails, from 1
  long last = 0;  // and the last of them; 0: only that one
  Kind kind = Kind::kNone;
  int error = 0;
  std::string below;  // calls for other paths are neither counted nor touched
};

// A call that was made, with what is needed to make it again.
struct Call {
  std::string name;   // "open", "write", "fsync", "rename", "exchange", "mkdir", "rmdir", "unlink"
  std::string path;   // of a descriptor: that of its file
  std::string to;     // of a rename
  std::string bytes;  // of a write
  bool creates = false;  // an open with O_CREAT
  long number = 0;       // as Plan::at counts
};

void arm(const Plan& plan);
// The number of calls since arm().
long disarm();
// Those since arm(), without the ones that failed.
const std::vector<Call>& calls();

}  // namespace trainer::fault
