// The program as a user sees it: files, repeatability, verdicts, refusals.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Outcome {
  int exit_code = -1;
  std::string out, err;
};

class LeastSquaresProgram : public testing::Test {
 protected:
  LeastSquaresProgram()
      : scratch_(fs::path(testing::TempDir()) /
                 (std::string("roste-theory-") +
                  testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(scratch_);
    fs::create_directories(scratch_);
  }
  ~LeastSquaresProgram() override { fs::remove_all(scratch_); }

  Outcome run(const std::string& arguments) const {
    const fs::path out = scratch_ / "stdout", err = scratch_ / "stderr";
    const std::string command = std::string(LEAST_SQUARES_PROGRAM) + " " + arguments + " >'" +
                                out.string() + "' 2>'" + err.string() + "'";
    const int status = std::system(command.c_str());
    return {WEXITSTATUS(status), read_text(out), read_text(err)};
  }

  std::string path(const std::string& name) const { return (scratch_ / name).string(); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(scratch_ / name, std::ios::binary) << text;
  }

  // One line that names `words`, code 2, and no output directory.
  void expect_refused(const std::string& arguments, const std::string& words) const {
    const Outcome outcome = run(arguments + " --output_dir " + path("refused"));
    EXPECT_EQ(outcome.exit_code, 2) << arguments;
    EXPECT_EQ(outcome.out, "") << arguments;
    EXPECT_EQ(outcome.err.rfind("error: ", 0), 0u) << outcome.err;
    EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome.err;
    EXPECT_NE(outcome.err.find(words), std::string::npos) << outcome.err;
    EXPECT_FALSE(fs::exists(path("refused"))) << arguments;
  }

 private:
  fs::path scratch_;
};

std::map<std::string, std::string> contents_of(const fs::path& directory) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : fs::directory_iterator(directory)) {
    contents[entry.path().filename().string()] = read_text(entry.path());
  }
  return contents;
}

// Rows of a CSV file by the names of its columns.
std::vector<std::map<std::string, std::string>> rows_of(const std::string& text) {
  std::istringstream lines(text);
  std::vector<std::string> names;
  std::vector<std::map<std::string, std::string>> rows;
  for (std::string line, word; std::getline(lines, line);) {
    std::istringstream words(line);
    std::map<std::string, std::string> row;
    for (std::size_t c = 0; std::getline(words, word, ','); ++c) {
      if (rows.empty() && names.size() == c) names.push_back(word);
      row[names[c]] = word;
    }
    rows.push_back(row);
  }
  rows.erase(rows.begin());  // the names themselves
  return rows;
}

constexpr const char* kSmall =
    "--dim 16 --samples 4 --seeds 2 --steps 60 --paths 16 --w_bits 12 --outlier 4";

TEST_F(LeastSquaresProgram, WritesTheSameFilesTwice) {
  const Outcome first = run(std::string(kSmall) + " --output_dir " + path("a"));
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const Outcome second = run(std::string(kSmall) + " --output_dir " + path("b"));
  EXPECT_EQ(first.out, second.out);
  const auto files = contents_of(path("a"));
  EXPECT_EQ(files, contents_of(path("b")));
  for (const char* name : {"bound", "bits", "region", "activations", "dimensions"}) {
    const std::string csv = name + std::string(".csv"), figure = name + std::string(".svg");
    ASSERT_TRUE(files.contains(csv) && files.contains(figure)) << name;
    EXPECT_GT(rows_of(files.at(csv)).size(), 5u) << name;
    EXPECT_EQ(files.at(figure).rfind("<svg", 0), 0u) << name;
    EXPECT_EQ(files.at(figure).find("nan"), std::string::npos) << name;
    EXPECT_EQ(files.at(figure).substr(files.at(figure).size() - 7), "</svg>\n") << name;
  }
  EXPECT_EQ(files.size(), 10u);
}

TEST_F(LeastSquaresProgram, BoundHoldsInEveryExactRow) {
  const std::string flags = std::string(kSmall) + " --experiment bound --output_dir ";
  ASSERT_EQ(run(flags + path("a")).exit_code, 0);
  int exact = 0;
  double largest = 0;
  for (const auto& row : rows_of(read_text(path("a") + "/bound.csv"))) {
    ASSERT_EQ(row.at("applies"), "1");
    const double ratio = std::stod(row.at("ratio_18"));
    EXPECT_NEAR(ratio, std::stod(row.at("loss")) / std::stod(row.at("bound_18")), 1e-6 * ratio);
    if (row.at("exact") != "1") continue;
    exact += 1;
    EXPECT_LE(ratio, 1);
    largest = std::max(largest, ratio);
  }
  EXPECT_EQ(exact, 2 * 2 * 2);  // two rotations, two seeds, steps 1 and 2: 16 paths
  EXPECT_GT(largest, 0.5);
}

TEST_F(LeastSquaresProgram, RotationRemovesTheOutliersError) {
  ASSERT_EQ(run("--experiment bits --seeds 2 --steps 300 --outlier 20 --output_dir " + path("a"))
                .exit_code,
            0);
  std::map<std::string, double> loss;
  for (const auto& row : rows_of(read_text(path("a") + "/bits.csv"))) {
    if (row.at("w_bits") == "4") loss[row.at("rotation")] += std::stod(row.at("loss"));
    EXPECT_LE(std::stod(row.at("weight_error")), std::stod(row.at("bound_20_or_21")));
  }
  EXPECT_LT(loss.at("hadamard"), loss.at("none") / 3);
}

TEST_F(LeastSquaresProgram, TakesSamplesFromAFile) {
  write("x.csv", "a,b,y,c,d\n1,0.5,2,-1,3\n-2,1e-1,0,4,1\n");
  const Outcome outcome =
      run("--data " + path("x.csv") + " --seeds 1 --steps 20 --w_bits 8 --output_dir " + path("a"));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("d = 4, n = 2"), std::string::npos) << outcome.out;
  EXPECT_FALSE(fs::exists(path("a") + "/region.csv"));
  EXPECT_TRUE(fs::exists(path("a") + "/activations.svg"));
}

TEST_F(LeastSquaresProgram, RefusesBadCommandLines) {
  expect_refused("--dim 7 --samples 2", "--dim 7");
  expect_refused("--dim 7 --samples 2", "4 or 8");
  expect_refused("--dim 8 --samples 9", "--samples 9");
  expect_refused("--dim 8x", "8x");
  expect_refused("--w_bits 17", "--w_bits 17");
  expect_refused("--w_bits 1", "--w_bits 1");
  expect_refused("--a_bits 1", "--a_bits 1");
  expect_refused("--delta 0", "--delta");
  expect_refused("--outlier nan", "finite");
  expect_refused("--steps 10 --steps 11", "--steps");
  expect_refused("--rotation fast", "fast");
  expect_refused("--stepsize 1", "--stepsize");
  expect_refused("--paths 65536 --dim 8192", "--paths 65536");
}

TEST_F(LeastSquaresProgram, RefusesBadFiles) {
  const std::string data = "--data " + path("x.csv");
  expect_refused("--data " + path("missing.csv"), "missing.csv");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "no samples"},
      {"a,b\n", "no samples"},
      {"1,2\n3\n", ":2: 1 columns"},
      {"1,2\n3,x\n", ":2: column 2 is \"x\""},
      {"1,2\n3,nan\n", ":2: column 2"},
      {"1,2\n3,1e39\n", ":2: column 2"},
      {"1,2\n3,\n", ":2: column 2 is \"\""},
      {"y\n1\n2\n", "no samples"},
      {"0,0\n0,0\n", "all features or all labels are 0"},
      {"1,2,3,4,5,6,7\n", "7 features"}};
  for (const auto& [text, words] : cases) {
    write("x.csv", text);
    expect_refused(data, words);
  }
}

TEST_F(LeastSquaresProgram, LeavesAFullDirectoryAlone) {
  fs::create_directories(path("full"));
  write("full/notes", "mine");
  const Outcome outcome = run("--output_dir " + path("full"));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(contents_of(path("full")), (std::map<std::string, std::string>{{"notes", "mine"}}));
}

TEST_F(LeastSquaresProgram, DivergenceHasItsOwnCode) {
  const Outcome outcome =
      run("--experiment bound --seeds 1 --step_scale 1e6 --output_dir " + path("a"));
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_NE(outcome.err.find("--step_scale"), std::string::npos);
  EXPECT_FALSE(fs::exists(path("a")));
}

}  // namespace
