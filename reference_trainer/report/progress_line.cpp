#include "reference_trainer/report/progress_line.h"

#include <algorithm>
#include <cmath>

#include "reference_trainer/report/number_text.h"

namespace trainer {
namespace {

constexpr int kBarCells = 24;

std::string two_digits(std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); }

double share_done(const ProgressState& state) {
  if (state.total <= 0) return 0;
  return std::clamp(static_cast<double>(state.step) / static_cast<double>(state.total), 0.0, 1.0);
}

std::string bar(const ProgressState& state) {
  const auto full = static_cast<std::size_t>(share_done(state) * kBarCells);
  return "[" + std::string(full, '#') + std::string(kBarCells - full, '.') + "]";
}

std::string counts(const ProgressState& state) {
  const auto percent = static_cast<std::int64_t>(share_done(state) * 100);
  return std::to_string(state.step) + "/" + std::to_string(state.total) + "  " +
         std::to_string(percent) + "%";
}

// Loss, speed and time left or taken.
std::string measures(const ProgressState& state) {
  std::string text;
  if (state.loss) text += "  loss " + fixed_text(*state.loss, 4);
  if (state.tokens > 0 && state.seconds > 0) {
    text +=
        "  " + short_count_text(static_cast<double>(state.tokens) / state.seconds) + " tokens/s";
  }
  if (state.step >= state.total) return text + "  " + duration_text(state.seconds) + " taken";
  if (const auto left = seconds_left(state)) text += "  " + duration_text(*left) + " left";
  return text;
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
  return state.stage + "  " + counts(state) + measures(state);
}

std::string terminal_progress_line(const ProgressState& state, int columns) {
  std::string line = state.stage + " " + bar(state) + " " + counts(state) + measures(state);
  return line.substr(0, static_cast<std::size_t>(std::max(columns, 1)));
}

}  // namespace trainer
