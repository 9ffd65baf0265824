#include "reference_trainer/report/report_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "reference_trainer/base/error.h"
#include "tests/report/demo_report.h"

namespace trainer {
namespace {

using testing::HasSubstr;

nlohmann::json demo_json() { return nlohmann::json::parse(to_json(demo_report()).dump()); }

void expect_refused(const nlohmann::json& json, const std::string& code, const std::string& words) {
  try {
    report_from_json(json, "report.json");
    FAIL() << "read " << json.dump().substr(0, 200);
  } catch (const Error& error) {
    EXPECT_EQ(error.parts().code, code);
    EXPECT_EQ(error.exit_code(), ExitCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr(words));
  }
}

TEST(ReportJson, EveryFieldComesBack) {
  const Report read = report_from_json(demo_json(), "report.json");
  EXPECT_EQ(to_json(read).dump(), to_json(demo_report()).dump());
  EXPECT_EQ(read.claims[3].verdict, Verdict::kFails);
  EXPECT_EQ(read.tables[0].measures[5].better, Better::kSmaller);
  EXPECT_EQ(read.tables[0].rows[4].cells[4].ours->interval->high,
            demo_report().tables[0].rows[4].cells[4].ours->interval->high);
  EXPECT_FALSE(read.tables[0].rows[11].cells[2].ours);
  EXPECT_EQ(read.tables[0].rows[11].cells[2].paper, 15.31);
  EXPECT_EQ(read.rotations[1].layers[1][1], GridMark::kIdentity);
  EXPECT_EQ(read.activations[0].maps[0].magnitudes,
            demo_report().activations[0].maps[0].magnitudes);
}

TEST(ReportJson, NamesAndWords) {
  const nlohmann::json json = demo_json();
  EXPECT_EQ(json["claims"][2]["verdict"], "within_noise");
  EXPECT_EQ(json["losses"][0]["y"]["scale"], "log10");
  EXPECT_EQ(json["rotations"][0]["layers"][2], "1110");
  EXPECT_EQ(json["tables"][0]["rows"][4]["cells"][0].contains("paper"), false);
}

// 0.1f is 0.100000001490116 as a double.
TEST(ReportJson, FloatsAreShort) {
  Report report;
  report.activations = {{"a", "", "", "", 0, "", {{"m", 1, 2, {0.1f, NAN}, ""}}}};
  EXPECT_THAT(to_json(report).dump(), HasSubstr("[0.1,null]"));
  const Report read = report_from_json(nlohmann::json::parse(to_json(report).dump()), "r");
  EXPECT_EQ(read.activations[0].maps[0].magnitudes[0], 0.1f);
  EXPECT_TRUE(std::isnan(read.activations[0].maps[0].magnitudes[1]));
}

TEST(ReportJson, AbsentFieldsKeepDefaultsAndUnknownOnesAreIgnored) {
  const Report report =
      report_from_json({{"run", {{"title", "t"}, {"later", 1}}}, {"more", {}}}, "r");
  EXPECT_EQ(report.run.title, "t");
  EXPECT_EQ(report.run.wall_seconds, 0);
  EXPECT_TRUE(report.tables.empty());
}

TEST(ReportJson, RP01_OtherTypesAndWords) {
  const auto changed = [](const char* pointer, nlohmann::json value) {
    nlohmann::json json = demo_json();
    json[nlohmann::json::json_pointer(pointer)] = std::move(value);
    return json;
  };
  expect_refused(nlohmann::json::array(), "RP-01", "report.json:: got []");
  expect_refused(changed("/run/title", 3), "RP-01",
                 "report.json:/run/title: got 3, expected a string");
  expect_refused(changed("/claims/0/verdict", "true"), "RP-01",
                 "report.json:/claims/0/verdict: got \"true\", expected one of holds, fails");
  expect_refused(changed("/tables/0/rows/1/cells/2/ours/mean", "x"), "RP-01",
                 "/tables/0/rows/1/cells/2/ours/mean");
  expect_refused(changed("/tables/0/measures/0/decimals", 18), "RP-01", "from 0 to 17");
  expect_refused(changed("/tables/0/measures/0/decimals", -1), "RP-01", "from 0 to 17");
  expect_refused(changed("/rotations/0/layers/0", "101"), "RP-01", "four digits");
  expect_refused(changed("/rotations/0/layers/0", "1012"), "RP-01", "four digits");
  expect_refused(changed("/tables", 1), "RP-01", "an array");
  expect_refused(changed("/tables/0/rows/0/cells/0/ours/n", 1.5), "RP-01", "an integer");
}

TEST(ReportJson, RP02_ShapesThatDoNotFit) {
  const auto expect_changed = [](const std::string& words, const auto& change) {
    Report report = demo_report();
    change(report);
    expect_refused(nlohmann::json::parse(to_json(report).dump()), "RP-02", words);
  };
  expect_changed("got 6 cells, expected 7",
                 [](Report& r) { r.tables[0].rows[3].cells.pop_back(); });
  expect_changed("the charted measure", [](Report& r) { r.tables[0].charted = "ROUGE"; });
  expect_changed("got the id objective twice", [](Report& r) { r.losses[0].id = "objective"; });
  expect_changed("got the id claims twice", [](Report& r) { r.losses[0].id = "claims"; });
  expect_changed("the id \"../x\"", [](Report& r) { r.sweeps[0].id = "../x"; });
  expect_changed("the id \"\"", [](Report& r) { r.reductions[0].id = ""; });
  expect_changed("8191 magnitudes",
                 [](Report& r) { r.activations[0].maps[0].magnitudes.pop_back(); });
  expect_changed("32 x 256", [](Report& r) {
    r.activations[0].maps[1].tokens = 32;
    r.activations[0].maps[1].channels = 256;
  });
  expect_changed("0 x 128", [](Report& r) { r.activations[0].maps[0].tokens = 0; });
  expect_changed("layer 4096", [](Report& r) { r.reductions[0].sites[0].layer = 4096; });
  expect_changed("layer -1", [](Report& r) { r.reductions[0].sites[0].layer = -1; });
}

TEST(Estimate, MeanAndDeviation) {
  const std::vector<double> values = {1, 2, 4, 5};
  const Estimate e = estimate_of(values);
  EXPECT_EQ(e.mean, 3);
  EXPECT_NEAR(e.sd * e.sd, 10.0 / 3, 1e-14);  // 4 + 1 + 1 + 4 over 3; two roundings
  EXPECT_EQ(e.n, 4);
  EXPECT_EQ(estimate_of(std::vector{7.5}).sd, 0);
  EXPECT_THROW(estimate_of({}), std::invalid_argument);
}

}  // namespace
}  // namespace trainer
