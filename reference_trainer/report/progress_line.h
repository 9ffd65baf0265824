// What a progress line says: a pure function of the state of a stage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace trainer {

struct ProgressState {
  std::string stage;            // e.g. "train roste"
  std::int64_t step = 0;        // steps done, of `total`
  std::int64_t total = 0;       // > 0
  std::int64_t first_step = 0;  // steps that were done before this process began (a resumed run)
  double seconds = 0;           // since the stage began in this process
  std::int64_t tokens = 0;      // processed in `seconds`; 0: not shown
  std::optional<double> loss;   // nats per token
};

// "0:07", "12:34", "1:02:03"; "?" for a negative or non-finite number of seconds.
std::string duration_text(double seconds);

// Seconds until the stage ends at its speed so far; nothing before its first step.
std::optional<double> seconds_left(const ProgressState& state);

// For logs: "train roste  50/200  25%  loss 1.234  5.1k tokens/s  0:30 left".
std::string plain_progress_line(const ProgressState& state);

// For terminals: the same with a bar, in at most `columns` characters (>= 1). Where they are few,
// the bar gets shorter and goes, then the speed, then the loss; what still does not fit is cut.
std::string terminal_progress_line(const ProgressState& state, int columns);

}  // namespace trainer
