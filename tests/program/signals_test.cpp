// What each signal does to a run, and that none of them costs more than the step under way.
#include "tests/program/survival.h"

namespace trainer::test {
namespace {

bool has_steps(const fs::path& out, long steps) { return lines_of(out / "log.jsonl") >= steps; }

// "stopped by <name> after step <n>; continue with --resume" and its n.
long step_of_line(const std::string& line, const std::string& name) {
  const std::string head = "stopped by " + name + " after step ",
                    tail = "; continue with --resume\n";
  EXPECT_TRUE(line.starts_with(head) && line.ends_with(tail)) << line;
  return line.starts_with(head) ? std::atol(line.c_str() + head.size()) : -1;
}

// Enough that a signal after the fourth step arrives before the last, however late it is sent.
const std::string kSteps = "60";

TEST(Signals, SG01_AStepIsFinishedAndSavedAndTheRestIsBitEqual) {
  const Scratch scratch;
  ASSERT_EQ(run_program(survival_training(scratch / "whole", kSteps)).exit_code, 0);
  const std::pair<int, std::string> signals[] = {
      {SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"}, {SIGHUP, "SIGHUP"}};
  for (const auto& [signal, name] : signals) {
    const fs::path out = scratch / name;
    const Process training(survival_training(out, kSteps), scratch / "io");
    ASSERT_TRUE(wait_until([&] { return has_steps(out, 4); }));
    training.send(signal);
    const Outcome stopped = training.wait();
    ASSERT_EQ(stopped.exit_code, 128 + signal) << stopped.err;
    EXPECT_TRUE(stopped.out.empty());
    const long step = step_of_line(stopped.err, name);
    EXPECT_TRUE(fs::exists(out / "checkpoints" / ("step-" + std::to_string(step))));
    EXPECT_EQ(lines_of(out / "log.jsonl"), step);
    expect_nothing_hidden(out, name);
    const Outcome rest = run_program(survival_training(out, kSteps) + Words{"--resume"});
    ASSERT_EQ(rest.exit_code, 0) << rest.err;
    EXPECT_EQ(final_weights(out), final_weights(scratch / "whole")) << name;
    EXPECT_EQ(lines_of(out / "log.jsonl"), std::stol(kSteps)) << "no step ran twice";
  }
}

TEST(Signals, SG01_APretrainingLeavesNoModel) {
  const Scratch scratch;
  const Process training(
      {"pretrain", "--output_dir", scratch / "out", "--hidden_size", "32", "--max_steps", "100000",
       "--logging_steps", "1", "--pretraining_documents", "40", "--train_samples", "40", "--quiet"},
      scratch / "io");
  ASSERT_TRUE(wait_until([&] { return has_steps(scratch / "out", 2); }));
  training.send(SIGTERM);
  const Outcome stopped = training.wait();
  EXPECT_EQ(stopped.exit_code, 143) << stopped.err;
  EXPECT_TRUE(stopped.err.starts_with("stopped by SIGTERM after step ")) << stopped.err;
  EXPECT_TRUE(stopped.err.ends_with("; no result was written\n")) << stopped.err;
  EXPECT_FALSE(fs::exists(scratch / "out/model"));
  expect_nothing_hidden(scratch / "out", "SIGTERM");
}

Words comparison(const fs::path& out, const std::string& steps) {
  return {"run",
          "--methods",
          "base+sft",
          "--model_name_or_path",
          tiny_model(),
          "--dataset",
          tiny_data("train"),
          "--eval_dataset",
          tiny_data("test"),
          "--output_dir",
          out,
          "--max_steps",
          steps,
          "--logging_steps",
          "1",
          "--max_new_tokens",
          "2",
          "--quiet"};
}

TEST(Signals, SG01_AStudyKeepsItsFinishedCells) {
  const Scratch scratch;
  const fs::path out = scratch / "out";
  const Process study(comparison(out, "100000"), scratch / "io");
  const auto cell = [&](const std::string& word, const std::string& file) -> fs::path {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(out / "cells", error)) {
      if (entry.path().filename().string().find(word) != std::string::npos)
        return entry.path() / file;
    }
    return {};
  };
  ASSERT_TRUE(wait_until([&] { return lines_of(cell("-sft", "log.jsonl")) >= 2; }));
  study.send(SIGTERM);
  const Outcome stopped = study.wait();
  EXPECT_EQ(stopped.exit_code, 143) << stopped.err;
  EXPECT_TRUE(stopped.err.ends_with("; what is finished is kept: repeat the command\n"))
      << stopped.err;
  EXPECT_TRUE(fs::exists(cell("-base", "result.json")));
  EXPECT_FALSE(fs::exists(cell("-sft", "result.json")));
  expect_nothing_hidden(out, "SIGTERM");
}

// A signal at any moment of a command that writes a model: all of it, or none.
TEST(Signals, SG03_AQuantizedModelIsWholeOrAbsent) {
  const Scratch scratch;
  const fs::path place = scratch / "place";
  fs::create_directories(place);
  const Words quantize{"quantize",   "--method",     "rtn",         "--model_name_or_path",
                       tiny_model(), "--output_dir", place / "out", "--quiet"};
  const long calls = calls_below(place, quantize, scratch / "count");
  ASSERT_GT(calls, 20);
  const std::string weights = read_text(place / "out/model.safetensors");
  for (long k = 1; k <= calls; k += 5) {
    fs::remove_all(place / "out");
    const Outcome got = run_program(quantize, failing(place, "signal15", k, k));
    EXPECT_TRUE(got.exit_code == 0 || got.exit_code == 143) << got.err;
    EXPECT_EQ(fs::exists(place / "out"), got.exit_code == 0);
    if (got.exit_code == 0) {
      EXPECT_EQ(read_text(place / "out/model.safetensors"), weights);
    } else {
      EXPECT_EQ(got.err, "stopped by SIGTERM before it was done; no result was written\n");
    }
    expect_nothing_hidden(place, "SIGTERM at call " + std::to_string(k));
  }
}

// A request before there is a model, and one after the last file that the command reads.
TEST(Signals, SG01_ReadersStop) {
  const Scratch scratch;
  const Words model{"--model_name_or_path", tiny_model()};
  const std::pair<Words, fs::path> commands[] = {
      {Words{"generate", "--prompt", "a"} + model, tiny_model()},
      {Words{"eval", "--dataset", tiny_data("test"), "--quiet"} + model, tiny_data("test")}};
  for (const auto& [command, files] : commands) {
    const long last = calls_below(files, command, scratch / "count");
    for (const long call : {1L, last}) {
      const Outcome got = run_program(command, failing(files, "signal15", call, call));
      EXPECT_EQ(got.exit_code, 143) << call << ": " << got.err;
      EXPECT_EQ(got.err, "stopped by SIGTERM before it was done; no result was written\n");
      EXPECT_TRUE(got.out.empty()) << got.out;
    }
  }
}

// The request comes between two calls of a save, which is completed.
TEST(Signals, SG03_DuringASave) {
  const Scratch scratch;
  const Words whole = survival_training(scratch / "whole", "6");
  const long calls = calls_below(scratch / "whole/checkpoints", whole, scratch / "count");
  for (long k = 3; k <= calls; k += 67) {
    const fs::path out = scratch / ("at" + std::to_string(k));
    const Outcome stopped =
        run_program(survival_training(out, "6"), failing(out / "checkpoints", "signal15", k, k));
    ASSERT_EQ(stopped.exit_code, 143) << stopped.err;
    expect_nothing_hidden(out, stopped.err);
    ASSERT_EQ(run_program(survival_training(out, "6") + Words{"--resume"}).exit_code, 0);
    EXPECT_EQ(final_weights(out), final_weights(scratch / "whole")) << stopped.err;
  }
}

TEST(Signals, SG02_ASecondInterruptEndsAtOnce) {
  const Scratch scratch;
  const long calls = calls_below(scratch / "whole/checkpoints",
                                 survival_training(scratch / "whole", "6"), scratch / "count");
  const fs::path out = scratch / "out";
  const long middle = calls / 2;  // inside the second save: its staging directory is cut short
  const Outcome ended = run_program(survival_training(out, "6"),
                                    failing(out / "checkpoints", "signal2", middle, middle + 1));
  EXPECT_EQ(ended.exit_code, 130);
  EXPECT_TRUE(ended.err.empty()) << ended.err;
  const Outcome rest = run_program(survival_training(out, "6") + Words{"--resume"});
  ASSERT_EQ(rest.exit_code, 0) << rest.err;
  EXPECT_EQ(final_weights(out), final_weights(scratch / "whole"));
  expect_nothing_hidden(out, "the second SIGINT");
}

TEST(Signals, SG04_OthersLoseNothing) {
  const Scratch scratch;
  ASSERT_EQ(run_program(survival_training(scratch / "whole", kSteps)).exit_code, 0);
  const fs::path out = scratch / "out";
  const Process training(survival_training(out, kSteps), scratch / "io");
  ASSERT_TRUE(wait_until([&] { return has_steps(out, 4); }));
  training.send(SIGPIPE);  // ignored
  training.send(SIGSTOP);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  training.send(SIGCONT);
  const Outcome done = training.wait();
  ASSERT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(final_weights(out), final_weights(scratch / "whole"));

  fs::remove_all(out);
  const Process killed(survival_training(out, kSteps), scratch / "io");
  ASSERT_TRUE(wait_until([&] { return has_steps(out, 5); }));
  killed.send(SIGUSR1);  // no meaning to us: as SIGKILL
  EXPECT_EQ(killed.wait().exit_code, 128 + SIGUSR1);
  ASSERT_EQ(run_program(survival_training(out, kSteps) + Words{"--resume"}).exit_code, 0);
  EXPECT_EQ(final_weights(out), final_weights(scratch / "whole"));
}

// As under nohup, and in the background of a script.
TEST(Signals, SG04_IgnoredSignalsStayIgnored) {
  const Scratch scratch;
  const Words training = survival_training(scratch / "out", "6");
  const Outcome done = run_program(
      training, "trap '' HUP; " + failing(scratch / "out/checkpoints", "signal1", 5, 5));
  EXPECT_EQ(done.exit_code, 0) << done.err;
}

}  // namespace
}  // namespace trainer::test
