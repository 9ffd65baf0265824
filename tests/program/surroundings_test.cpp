// What surrounds a run changes nothing: names of files, streams that are closed, locale, time zone,
// the order of a directory, and how often it is done.
#include <algorithm>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

Words rotating(const fs::path& model, const fs::path& out) {
  return {"rotate", "--model_name_or_path", model, "--rotations", "1111", "--output_dir", out};
}

Words training(const fs::path& data, const fs::path& out, const Words& more) {
  return Words{"train",      "--method",         "ste", "--model_name_or_path",
               tiny_model(), "--dataset",        data,  "--output_dir",
               out,          "--max_steps",      "2",   "--per_device_train_batch_size",
               "2",          "--max_new_tokens", "2"} +
         more;
}

std::string weights_of(const fs::path& out) { return read_text(out / "model.safetensors"); }

// The shell's `2>&-` and the like, behind the program's own words.
int run_in_shell(const Words& arguments, const std::string& before, const std::string& behind) {
  std::string command = before + " " + quoted(ROSTE_PROGRAM);
  for (const std::string& word : arguments) command += " " + quoted(word);
  const int status = std::system((command + " " + behind).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(Surroundings, CL06_NamesOfEveryKindWork) {
  const Scratch scratch;
  ASSERT_EQ(run_program(rotating(tiny_model(), scratch / "plain")).exit_code, 0);
  for (const char* name : {"two words", "new\nline", "\xff\xfe not UTF-8", "'quotes\" $HOME",
                           "-dash", "\x1b[31mred"}) {
    const fs::path model = scratch / name, out = scratch / (std::string(name) + " out");
    fs::copy(tiny_model(), model);
    const Outcome rotated = run_program(rotating(model, out));
    ASSERT_EQ(rotated.exit_code, 0) << rotated.err;
    EXPECT_EQ(weights_of(out), weights_of(scratch / "plain"));
    const Outcome wrong = run_program(rotating(model / "missing", scratch / "none"));
    EXPECT_EQ(wrong.exit_code, 3);
    EXPECT_EQ(std::count(wrong.err.begin(), wrong.err.end(), '\n'), 1) << wrong.err;
    for (const char c : wrong.err) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 32);
  }
}

TEST(Surroundings, CL06_NamesThatAreTooLongAreNamed) {
  const Scratch scratch;
  const std::string name(4096, 'n');  // above NAME_MAX and PATH_MAX
  for (const Words& words :
       {rotating(scratch / name, scratch / "out"), rotating(tiny_model(), scratch / name)}) {
    const Outcome run = run_program(words);
    EXPECT_TRUE(run.exit_code == 2 || run.exit_code == 3 || run.exit_code == 4) << run.exit_code;
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
    EXPECT_EQ(run.err.rfind("error: ", 0), 0u) << run.err;
    EXPECT_EQ(run.err.find("internal"), std::string::npos) << run.err;
  }
}

TEST(Surroundings, CL07_AClosedStdoutIsAnErrorAndAClosedStderrIsNone) {
  const Scratch scratch;
  const Words eval = {"eval",      "--model_name_or_path", tiny_model(),
                      "--dataset", tiny_data("test"),      "--max_new_tokens",
                      "1"};
  const std::string err = quoted(scratch / "err");
  EXPECT_EQ(run_in_shell(eval, "", ">&- 2>" + err), 4);
  EXPECT_NE(read_text(scratch / "err").find("error: CL-07 stdout"), std::string::npos);
  EXPECT_EQ(run_in_shell(eval, "", ">/dev/full 2>" + err), 4);
  EXPECT_NE(read_text(scratch / "err").find("error: CL-07 stdout"), std::string::npos);
  // A reader that went away: no SIGPIPE.
  EXPECT_EQ(
      run_in_shell(eval, "(", "; echo $? >" + quoted(scratch / "code") + ") 2>" + err + " | true"),
      0);
  const std::string code = read_text(scratch / "code");
  EXPECT_TRUE(code == "4\n" || code == "0\n") << code;  // 0: it wrote before the reader ended
  const std::string good = quoted(scratch / "good"), same = quoted(scratch / "same");
  EXPECT_EQ(run_in_shell(eval, "", ">" + good + " 2>/dev/null"), 0);
  EXPECT_EQ(run_in_shell(eval, "", ">" + same + " 2>&-"), 0);
  EXPECT_EQ(run_in_shell(eval, "", "<&- >" + same + " 2>/dev/null"), 0);
  EXPECT_EQ(read_text(scratch / "same"), read_text(scratch / "good"));
  EXPECT_EQ(run_in_shell({"eval"}, "", ">/dev/null 2>&-"), 2);
}

// A file that is opened must never take the number of a closed stream: messages would go into it.
TEST(Surroundings, CL07_NothingIsWrittenIntoFilesThatTookTheNumberOfAStream) {
  const Scratch scratch;
  ASSERT_EQ(run_in_shell(training(tiny_data("train"), scratch / "usual", {}), "",
                         ">/dev/null 2>/dev/null"),
            0);
  ASSERT_EQ(
      run_in_shell(training(tiny_data("train"), scratch / "closed", {}), "", ">/dev/null <&- 2>&-"),
      0);
  for (const auto& entry : fs::recursive_directory_iterator(scratch / "usual")) {
    if (!entry.is_regular_file()) continue;
    const fs::path name = fs::relative(entry.path(), scratch / "usual");
    const std::string text = read_text(scratch / "closed" / name);
    if (name.filename() != "MANIFEST.json" && name.filename() != "eval.json") {
      EXPECT_EQ(text, read_text(entry.path())) << name;
    }
    EXPECT_EQ(text.find("train.jsonl: 40 rows"), std::string::npos) << name;
  }
}

TEST(Surroundings, CL07_NoHomeNoTerminal) {
  const Scratch scratch;
  ASSERT_EQ(run_program(rotating(tiny_model(), scratch / "usual")).exit_code, 0);
  EXPECT_EQ(run_program(rotating(tiny_model(), scratch / "bare"),
                        "env -i LANG=nonsense TERM=nonsense setsid -w")
                .exit_code,
            0);
  EXPECT_EQ(weights_of(scratch / "bare"), weights_of(scratch / "usual"));
}

// A locale that writes 1.234,5: of the system's own, most machines have none.
std::string locale_of_commas(const fs::path& place) {
  fs::create_directories(place);
  write_text(place / "source",
             "comment_char %\nescape_char /\nLC_NUMERIC\ndecimal_point \"<U002C>\"\n"
             "thousands_sep \"<U002E>\"\ngrouping 3;3\nEND LC_NUMERIC\n");
  const std::string made = quoted(place / "commas");
  const std::string command = "localedef --no-archive -c -i " + quoted(place / "source") +
                              " -f ANSI_X3.4-1968 " + made + " 2>/dev/null; test -d " + made;
  EXPECT_EQ(std::system(command.c_str()), 0) << "localedef, of Debian's libc-bin, is missing";
  return "LOCPATH=" + quoted(place) + " LC_ALL=commas LANG=commas";
}

TEST(Surroundings, CD09_LocaleTimeZoneAndLayoutOfMemoryChangeNoBit) {
  const Scratch scratch;
  const Words json = {"--json"};
  const auto run = [&](const std::string& name, const std::string& before) {
    const Outcome trained = run_program(training(tiny_data("train"), scratch / name, json), before);
    EXPECT_EQ(trained.exit_code, 0) << trained.err;
    return trained.out + weights_of(scratch / name / "model") +
           read_text(scratch / name / "log.jsonl");
  };
  const std::string usual = run("usual", "env LC_ALL=C TZ=UTC");
  const std::string commas = locale_of_commas(scratch / "locales");
  EXPECT_EQ(run("commas", "env " + commas + " TZ=Pacific/Kiritimati"), usual);
  const bool fixed = std::system("setarch -R true 2>/dev/null") == 0;
  if (fixed) {
    EXPECT_EQ(run("fixed", "setarch -R"), usual);
  }
}

// Files of a model in another order of creation, with others beside them.
TEST(Surroundings, CD09_TheOrderOfADirectoryChangesNoBit) {
  const Scratch scratch;
  const fs::path shards = scratch / "shards";
  ASSERT_EQ(
      run_program(rotating(tiny_model(), shards) + Words{"--max_shard_size", "60KB"}).exit_code, 0);
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(shards)) files.push_back(entry.path().filename());
  std::sort(files.begin(), files.end());
  ASSERT_GT(files.size(), 5u);
  std::string first;
  for (int order = 0; order < 3; ++order) {
    const fs::path copy = scratch / ("copy" + std::to_string(order));
    fs::create_directories(copy);
    if (order > 0) std::reverse(files.begin(), files.end());
    if (order > 1) write_text(copy / "a-file-of-others.bin", "not a model");
    for (const fs::path& file : files) fs::copy_file(shards / file, copy / file);
    const Outcome eval = run_program({"eval", "--model_name_or_path", copy, "--dataset",
                                      tiny_data("test"), "--json", "--max_new_tokens", "2"});
    ASSERT_EQ(eval.exit_code, 0) << eval.err;
    if (order == 0) first = eval.out;
    EXPECT_EQ(eval.out, first);
  }
}

TEST(Surroundings, CD02_HundredRunsGiveTheSameBytes) {
  const Scratch scratch;
  std::string first;
  for (int i = 0; i < 100; ++i) {
    const fs::path out = scratch / "run";
    const Outcome rotated = run_program(rotating(tiny_model(), out) + Words{"--json", "--quiet"});
    ASSERT_EQ(rotated.exit_code, 0) << rotated.err;
    const std::string bytes = weights_of(out) + read_text(out / "roste.json");
    if (i == 0) first = bytes;
    ASSERT_EQ(bytes, first) << "run " << i;
    fs::remove_all(out);
  }
}

TEST(Surroundings, CD02_HundredTrainingsGiveTheSameBytes) {
  const Scratch scratch;
  std::string first;
  for (int i = 0; i < 100; ++i) {
    const fs::path out = scratch / "run";
    ASSERT_EQ(run_program(training(tiny_data("train"), out, {"--quiet"})).exit_code, 0);
    const std::string bytes = weights_of(out / "model") + read_text(out / "log.jsonl");
    if (i == 0) first = bytes;
    ASSERT_EQ(bytes, first) << "run " << i;
    fs::remove_all(out);
  }
}

TEST(Surroundings, CD01_OneToSixtyFourThreadsGiveTheSameBytes) {
  const Scratch scratch;
  std::string first;
  for (const char* threads : {"1", "2", "3", "4", "8", "16", "64"}) {
    const fs::path out = scratch / threads;
    ASSERT_EQ(
        run_program(training(tiny_data("train"), out, {"--quiet", "--threads", threads})).exit_code,
        0);
    const std::string bytes = weights_of(out / "model") + read_text(out / "log.jsonl");
    if (first.empty()) first = bytes;
    ASSERT_EQ(bytes, first) << threads;
  }
}

TEST(Surroundings, DS10_OverlapOfTrainingAndEvaluationIsSaid) {
  const Scratch scratch;
  const Outcome overlap =
      run_program(training(tiny_data("train"), scratch / "a",
                           {"--eval_dataset", tiny_data("train"), "--max_samples", "3"}));
  ASSERT_EQ(overlap.exit_code, 0) << overlap.err;
  EXPECT_NE(overlap.err.find("warning: DS-10: 3 of 3 samples to evaluate on are also trained on"),
            std::string::npos)
      << overlap.err;
  const Outcome cached =
      run_program(training(tiny_data("train"), scratch / "b",
                           {"--eval_dataset", tiny_data("train"), "--max_samples", "3",
                            "--dataset_cache", scratch / "cache"}));
  EXPECT_NE(cached.err.find("warning: DS-10: 3 of 3"), std::string::npos) << cached.err;
  const Outcome apart = run_program(
      training(tiny_data("train"), scratch / "c", {"--eval_dataset", tiny_data("test")}));
  EXPECT_EQ(apart.err.find("DS-10"), std::string::npos) << apart.err;
}

TEST(Surroundings, DS01_SkippedRowsAreListed) {
  const Scratch scratch;
  write_text(scratch / "d.jsonl", read_text(tiny_data("train")) + "{\"prompt\": 3}\nnot JSON\n");
  const Outcome strict = run_program(training(scratch / "d.jsonl", scratch / "a", {}));
  EXPECT_EQ(strict.exit_code, 3) << strict.err;
  const Outcome one =
      run_program(training(scratch / "d.jsonl", scratch / "b", {"--skip_bad", "1", "--quiet"}));
  EXPECT_EQ(one.exit_code, 3);
  EXPECT_EQ(one.err.rfind("error: DS-01 ", 0), 0u) << one.err;
  for (const Words& more :
       {Words{"--skip_bad", "2"}, Words{"--skip_bad", "2", "--dataset_cache", scratch / "cache"}}) {
    const Outcome run =
        run_program(training(scratch / "d.jsonl", scratch / std::to_string(more.size()), more));
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_NE(run.err.find("2 malformed rows skipped"), std::string::npos) << run.err;
    if (more.size() == 2) {
      EXPECT_NE(run.err.find("skipped: DS-04 "), std::string::npos) << run.err;
    }
  }
  EXPECT_EQ(weights_of(scratch / "2" / "model"), weights_of(scratch / "4" / "model"));
}

// One sample cannot be both trained and evaluated on; fewer samples than a batch are repeated.
TEST(Surroundings, DS12_FewerSamplesThanABatch) {
  const Scratch scratch;
  const std::string row = "{\"prompt\":\"a\",\"completion\":\"b\"}\n";
  write_text(scratch / "one.jsonl", row);
  const Outcome one = run_program(training(scratch / "one.jsonl", scratch / "a", {"--quiet"}));
  EXPECT_EQ(one.exit_code, 3);
  EXPECT_EQ(one.err.rfind("error: DS-12 ", 0), 0u) << one.err;
  write_text(scratch / "two.jsonl", row + "{\"prompt\":\"c\",\"completion\":\"d\"}\n");
  for (const char* batch : {"1", "7", "64"}) {
    const Outcome few = run_program(training(scratch / "two.jsonl", scratch / batch, {}) +
                                        Words{"--gradient_accumulation_steps", batch},
                                    "timeout 30");
    EXPECT_EQ(few.exit_code, 0) << few.err;
  }
}

}  // namespace
}  // namespace trainer::test
