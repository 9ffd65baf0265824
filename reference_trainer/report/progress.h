// Progress of long work, on stderr so that stdout stays a result: on a terminal one line that is
// rewritten, elsewhere a plain line now and then.
#pragma once

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "reference_trainer/report/progress_line.h"

namespace trainer {

enum class ProgressStyle { kSilent, kPlain, kTerminal };

// Seconds of a clock that never goes back; replaced in tests.
using SecondsClock = std::function<double()>;
double steady_seconds();

// What decides the style: whether stderr is a terminal, and environment variables, null if unset.
struct TerminalFacts {
  bool is_terminal;
  const char* term;  // TERM
  const char* ci;    // CI, which build services set: their logs keep every rewriting of a line
};

// kTerminal for a terminal that can rewrite a line and is watched, else kPlain. No colours are
// used, so NO_COLOR has nothing to switch off.
ProgressStyle style_for(const TerminalFacts& facts);
ProgressStyle progress_style_of_stderr();

// Asked before every line, as terminals change their size.
using TerminalColumns = std::function<int()>;

// Columns by the variable COLUMNS (null if unset) where it is a number from 2 to 9999, else
// `terminal` of the operating system where it is at least 2, else 80.
int columns_of(const char* variable, int terminal);
int stderr_columns();

// Is it time for another line? Terminal: 10 times a second. Plain: every 5 seconds, or at each
// tenth of the stage when the last line is at least a second old. Pure; times in seconds, steps in
// steps.
struct LastLine {
  double time;
  std::int64_t step;
};
enum class Due { kNow, kLater };
Due line_due(ProgressStyle style, const LastLine& last, double now, const ProgressState& state);

// Writes to a stream that outlives it. Not thread-safe: the thread that trains reports.
class Progress {
 public:
  // Errors of the stream are ignored: lost progress must not end a training.
  explicit Progress(ProgressStyle style);  // to stderr
  Progress(ProgressStyle style, std::ostream& out, SecondsClock clock, TerminalColumns columns);
  ~Progress();  // ends the line of an unfinished stage, so that an error begins a new one
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Ends the stage before, if any. total > 0; `first_step` steps are already done.
  void begin(std::string stage, std::int64_t total, std::int64_t first_step = 0);

  // `step` steps are done; `tokens` more were processed since the last call.
  void update(std::int64_t step, std::int64_t tokens = 0,
              std::optional<double> loss = std::nullopt);

  // Shows the last state once and ends the line.
  void finish();

 private:
  void show();

  ProgressStyle style_;
  std::ostream& out_;
  SecondsClock clock_;
  TerminalColumns columns_;
  std::optional<ProgressState> state_;
  double began_ = 0;
  LastLine last_{0, 0};
  bool line_open_ = false;
};

}  // namespace trainer
