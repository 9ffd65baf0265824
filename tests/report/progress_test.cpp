#include "reference_trainer/report/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <sstream>

namespace trainer {
namespace {

using testing::HasSubstr;

ProgressState training() {
  ProgressState state;
  state.stage = "train roste";
  state.step = 50;
  state.total = 200;
  state.seconds = 10;
  state.tokens = 51200;
  state.loss = 1.23456;
  return state;
}

TEST(ProgressLine, PlainLine) {
  EXPECT_EQ(plain_progress_line(training()),
            "train roste  50/200  25%  loss 1.2346  5.12k tokens/s  0:30 left");
}

TEST(ProgressLine, TerminalLineHasABarAndFitsTheColumns) {
  const std::string line = terminal_progress_line(training(), 200);
  EXPECT_EQ(
      line,
      "train roste [######..................] 50/200  25%  loss 1.2346  5.12k tokens/s  0:30 left");
  EXPECT_EQ(terminal_progress_line(training(), static_cast<int>(line.size())), line);
  for (int columns = 1; columns < 120; ++columns) {
    EXPECT_LE(terminal_progress_line(training(), columns).size(),
              static_cast<std::size_t>(columns));
  }
}

// The longest of these that fits: what says least goes first.
TEST(ProgressLine, NarrowTerminals) {
  const auto at = [](int columns) { return terminal_progress_line(training(), columns); };
  EXPECT_EQ(at(85), "train roste [##........] 50/200  25%  loss 1.2346  5.12k tokens/s  0:30 left");
  EXPECT_EQ(at(70), "train roste 50/200  25%  loss 1.2346  5.12k tokens/s  0:30 left");
  EXPECT_EQ(at(60), "train roste 50/200  25%  loss 1.2346  0:30 left");
  EXPECT_EQ(at(40), "train roste 50/200  25%  0:30 left");
  EXPECT_EQ(at(20), "train roste 50/200  ");
}

TEST(ProgressLine, UnknownMeasuresAreLeftOut) {
  ProgressState state;
  state.stage = "evaluate";
  state.total = 8;
  EXPECT_EQ(plain_progress_line(state), "evaluate  0/8  0%");
  state.step = 8;
  state.seconds = 3725;
  EXPECT_EQ(plain_progress_line(state), "evaluate  8/8  100%  1:02:05 taken");
}

TEST(ProgressLine, TimeLeftOfAResumedRunCountsOnlyItsOwnSteps) {
  ProgressState state = training();
  EXPECT_EQ(seconds_left(state), 30);
  state.first_step = 40;  // 10 steps in 10 s, 150 to go
  EXPECT_EQ(seconds_left(state), 150);
  state.first_step = 50;
  EXPECT_EQ(seconds_left(state), std::nullopt);
}

TEST(ProgressLine, Durations) {
  EXPECT_EQ(duration_text(0), "0:00");
  EXPECT_EQ(duration_text(59.6), "1:00");
  EXPECT_EQ(duration_text(3599), "59:59");
  EXPECT_EQ(duration_text(36000), "10:00:00");
  EXPECT_EQ(duration_text(-1), "?");
  EXPECT_EQ(duration_text(std::numeric_limits<double>::quiet_NaN()), "?");
  EXPECT_EQ(duration_text(std::numeric_limits<double>::infinity()), "?");
}

TEST(ProgressStyle, TerminalsThatAreWatched) {
  EXPECT_EQ(style_for({true, "xterm", nullptr}), ProgressStyle::kTerminal);
  EXPECT_EQ(style_for({true, "xterm", "false"}), ProgressStyle::kTerminal);
  EXPECT_EQ(style_for({false, "xterm", nullptr}), ProgressStyle::kPlain);
  EXPECT_EQ(style_for({true, "dumb", nullptr}), ProgressStyle::kPlain);
  EXPECT_EQ(style_for({true, nullptr, nullptr}), ProgressStyle::kPlain);
  EXPECT_EQ(style_for({true, "xterm", "true"}), ProgressStyle::kPlain);
}

TEST(ProgressStyle, Columns) {
  EXPECT_EQ(columns_of(nullptr, 120), 120);
  EXPECT_EQ(columns_of("40", 120), 40);
  EXPECT_EQ(columns_of(nullptr, 0), 80);
  for (const char* wrong : {"", "1", "-5", "x", "40x", "10000", "99999999999"})
    EXPECT_EQ(columns_of(wrong, 120), 120) << wrong;
}

TEST(LineDue, TerminalTenTimesASecond) {
  const ProgressState state = training();
  EXPECT_EQ(line_due(ProgressStyle::kTerminal, {0, 49}, 0.099, state), Due::kLater);
  EXPECT_EQ(line_due(ProgressStyle::kTerminal, {0, 49}, 0.1, state), Due::kNow);
}

TEST(LineDue, PlainEveryFiveSecondsOrTenth) {
  const ProgressState state = training();  // step 50 of 200: the third tenth begins at 60
  EXPECT_EQ(line_due(ProgressStyle::kPlain, {0, 40}, 4.9, state), Due::kLater);
  EXPECT_EQ(line_due(ProgressStyle::kPlain, {0, 40}, 5, state), Due::kNow);
  EXPECT_EQ(line_due(ProgressStyle::kPlain, {0, 39}, 1, state), Due::kNow);
  EXPECT_EQ(line_due(ProgressStyle::kPlain, {0, 39}, 0.9, state), Due::kLater);
  EXPECT_EQ(line_due(ProgressStyle::kSilent, {0, 0}, 100, state), Due::kLater);
}

// A stage of 100 steps on a clock that the test moves.
std::string output_of(ProgressStyle style, double seconds_per_step) {
  std::ostringstream out;
  double now = 100;
  {
    Progress progress(
        style, out, [&] { return now; }, [] { return 200; });
    progress.begin("search", 100);
    for (int step = 1; step <= 100; ++step) {
      now += seconds_per_step;
      progress.update(step);
    }
    progress.finish();
  }
  return out.str();
}

TEST(Progress, PlainLinesAreFewAndTheLastIsComplete) {
  EXPECT_EQ(output_of(ProgressStyle::kPlain, 0.001), "search  100/100  100%  0:00 taken\n");
  const std::string slow =
      output_of(ProgressStyle::kPlain, 1);  // every 5 s, of which every second is a tenth
  EXPECT_EQ(std::count(slow.begin(), slow.end(), '\n'), 20 + 1);
}

TEST(Progress, TerminalRewritesOneLine) {
  const std::string text = output_of(ProgressStyle::kTerminal, 0.0625);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'),
            50 + 1);  // every second step (0.125 s), the end
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_THAT(text, HasSubstr("100/100"));
}

// The terminal is asked again for every line.
TEST(Progress, FollowsATerminalThatBecomesNarrow) {
  std::ostringstream out;
  double now = 0;
  int columns = 60;
  Progress progress(
      ProgressStyle::kTerminal, out, [&] { return now; }, [&] { return columns; });
  progress.begin("search", 10);
  now = 1;
  progress.update(1);
  EXPECT_THAT(out.str(), HasSubstr("[##......................] 1/10"));
  columns = 12;
  now = 2;
  out.str("");
  progress.update(2);
  EXPECT_EQ(out.str(), "\r\x1b[Ksearch 2/10");
}

TEST(Progress, SilentWritesNothing) { EXPECT_EQ(output_of(ProgressStyle::kSilent, 10), ""); }

TEST(Progress, UnfinishedTerminalLineIsEnded) {
  std::ostringstream out;
  double now = 0;
  {
    Progress progress(
        ProgressStyle::kTerminal, out, [&] { return now; }, [] { return 80; });
    progress.begin("train", 10);
    now = 1;
    progress.update(1);
  }
  EXPECT_EQ(out.str().back(), '\n');
}

}  // namespace
}  // namespace trainer
