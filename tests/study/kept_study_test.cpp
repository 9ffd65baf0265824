// What a study left, read back: whole, of several calls, and damaged.
#include "reference_trainer/study/kept_study.h"

#include <gmock/gmock.h>

#include <cmath>

#include "reference_trainer/base/error.h"
#include "reference_trainer/model/settings_json.h"
#include "reference_trainer/report/report_json.h"
#include "tests/study/results.h"
#include "tests/study/tiny_start.h"

namespace trainer {
namespace {

using test::result_of;
using testing::ElementsAre;

class KeptStudyTest : public testing::Test {
 protected:
  void SetUp() override {
    place_.write("study.json", R"({"made_by": "reference_trainer", "command": "reproduce"})");
  }
  // A finished cell in a directory of its own.
  CellResult keep(const std::string& method, const std::string& setting, std::uint64_t seed,
                  double loss, const std::string& start = "a", const std::string& suffix = "") {
    CellResult r = result_of(method, setting, seed, loss);
    r.directory += suffix;
    r.settings = {{"start", start}, {"quantization", to_json(r.cell.quant)}};
    place_.write(r.directory + "/result.json", to_json(r).dump());
    place_.write(r.directory + "/record.json", "null");
    return r;
  }
  KeptStudy read() const { return read_study(place_.path()); }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const CellResult& r : read().results) {
      all.push_back(method_word(r.cell) + " " + setting_name(r.cell.quant) + " " +
                    std::to_string(r.cell.seed));
    }
    return all;
  }
  std::string code() const {
    try {
      read();
    } catch (const Error& e) {
      return e.parts().code;
    }
    return "";
  }

  test::StudyDirectory place_;
};

TEST_F(KeptStudyTest, AllFinishedCellsBySeedAndBits) {
  keep("ste", "W4A4KV4", 1, 0.5);
  keep("roste:2", "W3A3KV3", 0, 0.25);
  keep("sft", "W16A16KV16", 0, 0.125);
  keep("roste", "W3A3KV3", 0, 0.75);
  place_.write("cells/unfinished/key.json", "{}");
  EXPECT_THAT(names(), ElementsAre("sft W16A16KV16 0", "roste W3A3KV3 0", "roste:2 W3A3KV3 0",
                                   "ste W4A4KV4 1"));
  const CellResult k2 = read().results[2];
  EXPECT_EQ(k2.test_loss, 0.25);
  EXPECT_EQ(k2.cell.rounds, 2);
  EXPECT_THAT(k2.rotations, ElementsAre("0000", "0000"));
  EXPECT_EQ(read().command, "reproduce");
}

TEST_F(KeptStudyTest, OfPointsOfAGridTheBestOnValidation) {
  keep("ste", "W4A4KV4", 0, 0.5, "a", "-x");
  keep("ste", "W4A4KV4", 0, 0.25, "a", "-y");
  keep("ste", "W4A4KV4", 0, 0.75, "a", "-z");
  ASSERT_EQ(read().results.size(), 1u);
  EXPECT_EQ(read().results[0].test_loss, 0.25);
}

TEST_F(KeptStudyTest, CellsOfAnotherStartAreCountedAndLeftOut) {
  keep("sft", "W16A16KV16", 0, 0.5, "new");
  keep("ste", "W4A4KV4", 0, 0.5, "new");
  keep("ste", "W4A4KV4", 0, 0.25, "old", "-old");
  keep("ste", "W4A4KV4", 1, 0.25, "other seed");
  const KeptStudy study = read();
  EXPECT_EQ(study.left_out, 1u);
  EXPECT_THAT(names(), ElementsAre("sft W16A16KV16 0", "ste W4A4KV4 0", "ste W4A4KV4 1"));
  EXPECT_EQ(study.results[1].test_loss, 0.5);
  EXPECT_THAT(kept_report(study, place_.path()).run.not_run,
              ElementsAre("1 cells of another base model of the same name are left out."));
}

TEST_F(KeptStudyTest, WhatFailedInTheLastCallIsARowUnlessItIsThereNow) {
  CellResult failed = keep("ste", "W4A4KV4", 0, 0.5);
  failed.failure = "TR-01 step 3";
  failed.test_loss = failed.validation_loss = kNotMeasured;
  CellResult other = failed;
  other.cell.seed = 1;
  nlohmann::ordered_json last = nlohmann::ordered_json::array();
  last.push_back(to_json(failed));
  last.push_back(to_json(other));
  place_.write("results.json", last.dump());
  const KeptStudy study = read();
  ASSERT_EQ(study.results.size(), 2u);
  EXPECT_EQ(study.results[0].failure, "");
  EXPECT_EQ(study.results[1].failure, "TR-01 step 3");
  EXPECT_TRUE(std::isnan(study.results[1].test_loss));
}

// Pictures of activations need the model; claims, tables and guard do not.
TEST_F(KeptStudyTest, TheReportIsDrawnAgainWithThePicturesOfTheLast) {
  keep("roste", "W4A4KV4", 0, 0.25);
  keep("ste", "W4A4KV4", 0, 0.5);
  keep("sft", "W16A16KV16", 0, 0.5);
  Report last;
  last.run.command = "reference_trainer reproduce";
  last.run.wall_seconds = 3;
  last.activations = {{"activations", "A", "", "", 0, "key", {{"m", 1, 1, {2.0f}, ""}}}};
  place_.write("report.json", to_json(last).dump());
  const Report report = kept_report(read(), place_.path());
  EXPECT_EQ(report.run.command, "reference_trainer reproduce");
  EXPECT_EQ(report.run.wall_seconds, 0) << "of one call of several";
  EXPECT_EQ(report.activations.size(), 1u);
  EXPECT_EQ(report.tables.at(0).rows.size(), 3u);
  EXPECT_EQ(report.claims.at(0).verdict, Verdict::kNotTested) << "the guard is reproduce's";
  place_.write("study.json", R"({"made_by": "reference_trainer", "command": "run"})");
  EXPECT_EQ(kept_report(read(), place_.path()).claims.at(0).verdict, Verdict::kHolds);
}

TEST_F(KeptStudyTest, PicturesOfAnEarlierCallStayUnlessTheyAreDrawnAgain) {
  const auto picture = [](const char* id, const char* title) {
    return ActivationFigure{id, title, "", "", 0, "key", {{"m", 1, 1, {2.0f}, ""}}};
  };
  Report report;
  report.activations = {picture("a", "new")};
  keep_pictures(place_.path(), report);
  EXPECT_EQ(report.activations.size(), 1u) << "there was no call before";
  Report last;
  last.activations = {picture("a", "old"), picture("b", "old")};
  place_.write("report.json", to_json(last).dump());
  keep_pictures(place_.path(), report);
  ASSERT_EQ(report.activations.size(), 2u);
  EXPECT_EQ(report.activations[0].title, "new");
  EXPECT_EQ(report.activations[1].id, "b");
  place_.write("report.json", "{");
  keep_pictures(place_.path(), report);
  EXPECT_EQ(report.activations.size(), 2u);
}

TEST_F(KeptStudyTest, WhatIsNoStudyIsRefused) {
  EXPECT_EQ(code(), "RP-03") << "no cell is finished";
  keep("ste", "W4A4KV4", 0, 0.5);
  EXPECT_EQ(code(), "");
  for (const char* text : {"{}", "[", R"({"made_by": "x", "command": "run"})"}) {
    place_.write("study.json", text);
    EXPECT_EQ(code(), "RP-03") << text;
  }
  std::filesystem::remove(place_.path() / "study.json");
  EXPECT_EQ(code(), "RP-03");
}

TEST_F(KeptStudyTest, DamagedFilesAreNamed) {
  const CellResult r = keep("ste", "W4A4KV4", 0, 0.5);
  nlohmann::ordered_json other = to_json(r);
  other["method"] = "unheard";
  for (const std::string& text : {std::string("{"), std::string("[]"), other.dump()}) {
    place_.write(r.directory + "/result.json", text);
    EXPECT_EQ(code(), "CK-11") << text;
  }
}

}  // namespace
}  // namespace trainer
