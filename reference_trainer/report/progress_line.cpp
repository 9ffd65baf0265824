#include "reference_trainer/report/progress_line.h"

#include <algorithm>
#include <cmath>

#include "reference_trainer/report/number_text.h"

namespace trainer {
namespace {

std::string two_digits(std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); }

double share_done(const ProgressState& state) {
  if (state.total <= 0) return 0;
  return std::clamp(static_cast<double>(state.step) / static_cast<double>(state.total), 0.0, 1.0);
}

// With a space behind it; nothing for 0 cells.
std::string bar(const ProgressState& state, std::size_t cells) {
  if (cells == 0) return "";
  const auto full = static_cast<std::size_t>(share_done(state) * static_cast<double>(cells));
  return "[" + std::string(full, '#') + std::string(cells - full, '.') + "] ";
}

std::string counts(const ProgressState& state) {
  const auto percent = static_cast<std::int64_t>(share_done(state) * 100);
  return std::to_string(state.step) + "/" + std::to_string(state.total) + "  " +
         std::to_string(percent) + "%";
}

std::string loss_text(const ProgressState& state) {
  return state.loss ? "  loss " + fixed_text(*state.loss, 4) : "";
}

std::string speed_text(const ProgressState& state) {
  if (state.tokens <= 0 || !(state.seconds > 0)) return "";
  return "  " + short_count_text(static_cast<double>(state.tokens) / state.seconds) + " tokens/s";
}

// Time left or taken.
std::string time_text(const ProgressState& state) {
  if (state.step >= state.total) return "  " + duration_text(state.seconds) + " taken";
  const auto left = seconds_left(state);
  return left ? "  " + duration_text(*left) + " left" : "";
}

}  // namespace

std::string duration_text(double seconds) {
  // More than this is no time that anybody waits.
  constexpr double kLongest = 1e9;
  if (!(seconds >= 0 && seconds < kLongest)) return "?";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  const std::int64_t hours = whole / 3600, minutes = whole / 60 % 60;
  if (hours == 0) return std::to_string(minutes) + ":" + two_digits(whole % 60);
  return std::to_string(hours) + ":" + two_digits(minutes) + ":" + two_digits(whole % 60);
}

std::optional<double> seconds_left(const ProgressState& state) {
  const std::int64_t done = state.step - state.first_step;
  if (done <= 0) return std::nullopt;
  return state.seconds / static_cast<double>(done) * static_cast<double>(state.total - state.step);
}

std::string plain_progress_line(const ProgressState& state) {
  return state.stage + "  " + counts(state) + loss_text(state) + speed_text(state) +
         time_text(state);
}

std::string terminal_progress_line(const ProgressState& state, int columns) {
  const auto room = static_cast<std::size_t>(std::max(columns, 1));
  const std::string loss = loss_text(state), speed = speed_text(state), time = time_text(state);
  const auto line = [&](std::size_t cells, const std::string& measures) {
    return state.stage + " " + bar(state, cells) + counts(state) + measures;
  };
  for (const std::string& shown : {line(24, loss + speed + time), line(10, loss + speed + time),
                                   line(0, loss + speed + time), line(0, loss + time)}) {
    if (shown.size() <= room) return shown;
  }
  return line(0, time).substr(0, room);
}

}  // namespace trainer
