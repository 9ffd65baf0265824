// `reproduce` from nothing, with sizes that say nothing about quality and everything about the way.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/program/program.h"

namespace trainer::test {
namespace {

using nlohmann::json;

Words small(const fs::path& out, const std::string& cells) {
  return {"reproduce", "--cells",
          cells,       "--output_dir",
          out,         "--pretraining_steps",
          "3",         "--max_steps",
          "3",         "--learning_rate",
          "2e-3",      "--per_device_train_batch_size",
          "4",         "--max_length",
          "128",       "--train_samples",
          "40",        "--validation_samples",
          "4",         "--test_samples",
          "4",         "--pretraining_documents",
          "40",        "--calibration_samples",
          "4",         "--max_new_tokens",
          "4"};
}

TEST(Reproduce, FillsATableAndAReportForBothArchitecturesAndGoesOn) {
  const Scratch scratch;
  const fs::path out = scratch / "study";
  const Outcome first = run_program(small(out, "pythia+llama/sft+rtn+roste/W3A3KV3/1"));
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_NE(first.err.find("6 cells, 0 of them done: about"), std::string::npos) << first.err;
  EXPECT_NE(first.err.find("of memory"), std::string::npos);
  EXPECT_NE(first.err.find("SFT has not converged: pythia seed 0"), std::string::npos)
      << "three steps do not make a model";
  EXPECT_EQ(first.err.find("RoSTE beats"), std::string::npos) << "then nothing is claimed";
  EXPECT_NE(first.out.find("Methods, pythia"), std::string::npos) << first.out;
  EXPECT_NE(first.out.find("Methods, llama"), std::string::npos);
  EXPECT_NE(first.err.find("report: "), std::string::npos);
  const std::string html = read_text(out / "report.html");
  EXPECT_NE(html.find("Tables 1 and 7"), std::string::npos);
  EXPECT_EQ(json::parse(read_text(out / "results.json")).size(), 6u);

  const Outcome second = run_program(small(out, "pythia+llama/sft+rtn+roste+ste/W3A3KV3/1"));
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_NE(second.err.find("8 cells, 6 of them done: about"), std::string::npos) << second.err;
  EXPECT_EQ(second.err.find("pretrain"), std::string::npos) << "the base models are there";
  EXPECT_EQ(json::parse(read_text(out / "results.json")).size(), 8u);
}

// Two calls into one directory, then one report of both, without computing anything.
TEST(Reproduce, AReportIsDrawnAgainFromWhatIsThere) {
  const Scratch scratch;
  const fs::path out = scratch / "study";
  ASSERT_EQ(run_program(small(out, "pythia/base/W3A3KV3/1")).exit_code, 0);
  ASSERT_EQ(run_program(small(out, "pythia/ste/W3A3KV3/1")).exit_code, 0);
  EXPECT_EQ(read_text(out / "data/tables.md").find("| Base |"), std::string::npos)
      << "it is of the last call";
  fs::remove(out / "report.html");
  fs::remove_all(out / "models");
  const Outcome r = run_program({"report", "--study", out});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_NE(r.out.find("Methods, pythia"), std::string::npos) << r.out;
  EXPECT_NE(r.out.find("STE: 3 steps of 4 samples, learning rate 0.002"), std::string::npos);
  EXPECT_NE(read_text(out / "report.html").find("Figs. 2 and 5"), std::string::npos);
  const std::string tables = read_text(out / "data/tables.md");
  EXPECT_NE(tables.find("| Base |"), std::string::npos) << tables;
  EXPECT_NE(tables.find("| STE |"), std::string::npos) << tables;
  const Outcome wrong = run_program({"report", "--study", scratch / "nothing"});
  EXPECT_EQ(wrong.exit_code, 3);
  EXPECT_NE(wrong.err.find("RP-03"), std::string::npos) << wrong.err;
}

// A token of the first batch that the second has not gets an update of 1e27; the other cells are
// computed all the same.
TEST(Reproduce, ACellThatFailsDoesNotEndTheStudy) {
  const Scratch scratch;
  const fs::path out = scratch / "study";
  Words words = small(out, "pythia/sft+base/W3A3KV3/1");
  words[std::ranges::find(words, "2e-3") - words.begin()] = "1";  // --learning_rate
  words.insert(words.end(), {"--adam_beta2", "0", "--adam_epsilon", "1e-30"});
  const Outcome r = run_program(words);
  EXPECT_EQ(r.exit_code, 5) << r.err;
  EXPECT_NE(r.err.find("failed: pythia seed 0, SFT"), std::string::npos) << r.err;
  EXPECT_NE(r.err.find("error: TR-04"), std::string::npos) << r.err;
  EXPECT_NE(r.out.find("failed: "), std::string::npos) << r.out;
  const json results = json::parse(read_text(out / "results.json"));
  ASSERT_EQ(results.size(), 2u);
  EXPECT_TRUE(results[1]["test_loss"].is_number());
  EXPECT_TRUE(results[0].contains("failure"));
  EXPECT_TRUE(fs::exists(out / "report.html"));
}

TEST(Reproduce, WrongCellsAreNamed) {
  const Scratch scratch;
  const std::pair<const char*, const char*> kWrong[] = {
      {"mamba/sft/W4A4KV4/1", "'mamba' is not pythia or llama"},
      {"pythia/stf/W4A4KV4/1", "'stf' is not a method"},
      {"pythia/sft/W4A4KV4", "models/methods/settings/seeds"}};
  for (const auto& [cells, message] : kWrong) {
    const Outcome r = run_program({"reproduce", "--cells", cells, "--output_dir", scratch / "x"});
    EXPECT_EQ(r.exit_code, 2) << cells;
    EXPECT_NE(r.err.find(message), std::string::npos) << r.err;
    EXPECT_FALSE(fs::exists(scratch / "x"));
  }
}

TEST(Reproduce, ADirectoryOfSomethingElseIsLeftAlone) {
  const Scratch scratch;
  fs::create_directories(scratch / "mine");
  write_text(scratch / "mine/notes.txt", "mine");
  const Outcome r = run_program(small(scratch / "mine", "pythia/sft/W4A4KV4/1"));
  EXPECT_EQ(r.exit_code, 2);
  EXPECT_NE(r.err.find("CL-05"), std::string::npos) << r.err;
  EXPECT_EQ(read_text(scratch / "mine/notes.txt"), "mine");
}

}  // namespace
}  // namespace trainer::test
