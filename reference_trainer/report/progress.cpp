#include "reference_trainer/report/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <system_error>
#include <utility>

namespace trainer {
namespace {

constexpr double kTerminalInterval = 0.1;  // seconds
constexpr double kPlainInterval = 5;
constexpr double kPlainTenthInterval = 1;
constexpr std::int64_t kTenths = 10;
constexpr int kDefaultColumns = 80, kFewestColumns = 2, kMostColumns = 9999;
constexpr const char* kRewrite = "\r\x1b[K";  // to column one, erase to the end of the line

std::int64_t tenth(std::int64_t step, std::int64_t total) { return step * kTenths / total; }

}  // namespace

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

ProgressStyle style_for(const TerminalFacts& facts) {
  const bool rewrites = facts.term != nullptr && std::string_view(facts.term) != "dumb";
  const std::string_view ci = facts.ci == nullptr ? "" : facts.ci;
  const bool watched = ci.empty() || ci == "false" || ci == "0";
  return facts.is_terminal && rewrites && watched ? ProgressStyle::kTerminal
                                                  : ProgressStyle::kPlain;
}

ProgressStyle progress_style_of_stderr() {
  return style_for({isatty(STDERR_FILENO) == 1, std::getenv("TERM"), std::getenv("CI")});
}

int columns_of(const char* variable, int terminal) {
  const std::string_view text = variable == nullptr ? "" : variable;
  int columns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (whole && columns >= kFewestColumns && columns <= kMostColumns) return columns;
  return terminal >= kFewestColumns ? terminal : kDefaultColumns;
}

int stderr_columns() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0;
  return columns_of(std::getenv("COLUMNS"), known ? size.ws_col : 0);
}

Due line_due(ProgressStyle style, const LastLine& last, double now, const ProgressState& state) {
  const double waited = now - last.time;
  if (style == ProgressStyle::kSilent) return Due::kLater;
  if (style == ProgressStyle::kTerminal)
    return waited >= kTerminalInterval ? Due::kNow : Due::kLater;
  const bool next_tenth = tenth(state.step, state.total) > tenth(last.step, state.total);
  const bool due = waited >= kPlainInterval || (next_tenth && waited >= kPlainTenthInterval);
  return due ? Due::kNow : Due::kLater;
}

Progress::Progress(ProgressStyle style)
    : Progress(style, std::cerr, steady_seconds, stderr_columns) {}

Progress::Progress(ProgressStyle style, std::ostream& out, SecondsClock clock,
                   TerminalColumns columns)
    : style_(style), out_(out), clock_(std::move(clock)), columns_(std::move(columns)) {}

Progress::~Progress() {
  if (line_open_) out_ << "\n" << std::flush;
}

void Progress::begin(std::string stage, std::int64_t total, std::int64_t first_step) {
  finish();
  state_.emplace();
  state_->stage = std::move(stage);
  state_->step = state_->first_step = first_step;
  state_->total = total;
  began_ = clock_();
  last_ = {began_, first_step};
}

void Progress::update(std::int64_t step, std::int64_t tokens, std::optional<double> loss) {
  if (!state_) return;
  state_->step = step;
  state_->tokens += tokens;
  if (loss) state_->loss = loss;
  const double now = clock_();
  state_->seconds = now - began_;
  if (line_due(style_, last_, now, *state_) == Due::kNow) show();
}

void Progress::finish() {
  if (state_ && style_ != ProgressStyle::kSilent) {
    show();
    if (line_open_) out_ << "\n" << std::flush;
  }
  line_open_ = false;
  state_.reset();
}

void Progress::show() {
  state_->seconds = clock_() - began_;
  last_ = {began_ + state_->seconds, state_->step};
  if (style_ == ProgressStyle::kPlain) {
    out_ << plain_progress_line(*state_) << "\n" << std::flush;
    return;
  }
  // The last column stays free: some terminals wrap when it is written.
  out_ << kRewrite << terminal_progress_line(*state_, columns_() - 1) << std::flush;
  line_open_ = true;
}

}  // namespace trainer
