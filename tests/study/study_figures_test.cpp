// Figures from the files that a study leaves, whole and damaged.
#include "reference_trainer/study/study_figures.h"

#include <gmock/gmock.h>

#include <cmath>

#include "reference_trainer/base/error.h"
#include "reference_trainer/report/report_json.h"
#include "tests/study/results.h"
#include "tests/study/tiny_start.h"

namespace trainer {
namespace {

using test::result_of;
using testing::ElementsAre;

std::string step(int n, const std::string& loss) {
  return R"({"stage": "x", "step": )" + std::to_string(n) + R"(, "loss": )" + loss + "}\n";
}

class StudyFigures : public testing::Test {
 protected:
  // A result whose stage has this log and this record.
  CellResult stage(const std::string& method, const std::string& log, const std::string& record) {
    const CellResult r = result_of(method, "W4A4KV4", 0, 0.5);
    place_.write(r.directory + "/log.jsonl", log);
    place_.write(r.directory + "/record.json", record);
    return r;
  }
  Report curves(const std::vector<CellResult>& results) {
    Report report;
    add_curves(place_.path(), results, report);
    return report;
  }
  // x and y of the only curve of the losses.
  std::vector<std::pair<double, double>> losses(const std::string& log) {
    std::vector<std::pair<double, double>> points;
    const Report report = curves({stage("ste", log, "null")});
    for (const CurvePoint& p : report.losses.at(0).curves.at(0).points)
      points.push_back({p.x, p.y});
    return points;
  }

  test::StudyDirectory place_;
};

// A stage that was killed in its second step and computed again.
TEST_F(StudyFigures, OfRepeatedStepsTheLaterOneCounts) {
  EXPECT_THAT(losses(step(1, "9") + step(2, "8") + "{\"stage\": \"x\", \"st\n" + step(1, "3") +
                     step(2, "2") + step(3, "1")),
              ElementsAre(std::pair(1., 3.), std::pair(2., 2.), std::pair(3., 1.)));
}

TEST_F(StudyFigures, LinesThatSayNothingAreLeftOut) {
  EXPECT_THAT(losses(step(1, "3") + "\n[]\n{}\n{\"step\": \"2\", \"loss\": 1}\n{\"step\": 5}\n" +
                     step(4, "2") + "{\"step\": 5, \"loss\": 1"),
              ElementsAre(std::pair(1., 3.), std::pair(4., 2.)));
}

TEST_F(StudyFigures, ALossThatIsNotFiniteLeavesAGap) {
  const auto points = losses(step(1, "3") + step(2, "null") + step(3, "1"));
  ASSERT_EQ(points.size(), 3u);
  EXPECT_TRUE(std::isnan(points[1].second));
}

// 130 steps in parts of three: the mean of 1, 2, 3 at step 3, and a last part of one step.
TEST_F(StudyFigures, LongTrainingsAreSmoothedToTheirLastStep) {
  std::string log;
  for (int n = 1; n <= 130; ++n) log += step(n, std::to_string(n));
  const auto points = losses(log);
  EXPECT_EQ(points.size(), 44u);
  EXPECT_EQ(points.front(), std::pair(3., 2.));
  EXPECT_EQ(points.back(), std::pair(130., 130.));
}

TEST_F(StudyFigures, ALogThatIsAbsentDrawsNothing) {
  const CellResult r = result_of("ste", "W4A4KV4", 0, 0.5);
  place_.write(r.directory + "/record.json", "null");
  EXPECT_TRUE(curves({r}).losses.empty());
}

const char* const kObjective =
    R"({"objective": [{"step": 1, "absolute": 5.5, "relative": 1}, {"step": 3, "absolute": 4}]})";

TEST_F(StudyFigures, TheObjectiveComesFromTheRecord) {
  const CellResult full = stage("sft", step(1, "1"), "null");
  const Report report = curves({full, stage("roste", step(1, "3"), kObjective)});
  ASSERT_EQ(report.objectives.size(), 1u);
  const Curve& curve = report.objectives[0].curves.at(0);
  EXPECT_EQ(curve.name, "RoSTE");
  EXPECT_EQ(curve.points.at(1).x, 3);
  EXPECT_EQ(curve.points.at(1).y, 4);
  EXPECT_THAT(curve.sources, ElementsAre("cells/roste-W4A4KV4-0/record.json"));
  EXPECT_EQ(report.losses.at(0).curves.size(), 2u) << "full precision beside every setting";
}

TEST_F(StudyFigures, ADamagedRecordIsNamed) {
  for (const char* damage : {"{", R"({"objective": 3})", R"({"objective": [{"step": "1"}]})"}) {
    const CellResult r = stage("ste", step(1, "3"), damage);
    try {
      curves({r});
      FAIL() << damage;
    } catch (const Error& e) {
      EXPECT_EQ(e.parts().code, "CK-11");
      EXPECT_THAT(e.parts().where, testing::HasSubstr("record.json"));
    }
  }
}

TEST_F(StudyFigures, OnlyTheFirstSeedIsDrawn) {
  CellResult second = stage("ste", step(1, "3"), kObjective);
  second.cell.seed = 1;
  EXPECT_TRUE(curves({second}).losses.empty());
}

TEST(StudySweeps, BitsOfAModelWithThreeSettingsAndRoundsWithTwo) {
  std::vector<CellResult> results = {
      result_of("rtn", "W2A2KV2", 0, 9),      result_of("ste", "W3A3KV3", 0, 3),
      result_of("ste", "W3A3KV3", 1, 5),      result_of("ste", "W4A4KV4", 0, 1),
      result_of("ste", "W4A8KV4", 0, 7),      result_of("rtn", "W4A4KV4", 0, 7),
      result_of("roste", "W4A4KV4", 0, 1),    result_of("roste:4", "W4A4KV4", 0, 0.5),
      result_of("sft", "W16A16KV16", 0, 0.1), result_of("ste", "W3A3KV3", 2, kNotMeasured)};
  Report report;
  add_sweeps(results, report);
  ASSERT_EQ(report.sweeps.size(), 2u);
  const CurveFigure& bits = report.sweeps[0];
  EXPECT_EQ(bits.id, "bits-pythia");
  ASSERT_EQ(bits.curves.size(), 2u) << "RoSTE has one width";
  EXPECT_EQ(bits.curves[0].name, "RTN");
  EXPECT_EQ(bits.curves[1].name, "STE");
  ASSERT_EQ(bits.curves[1].points.size(), 2u) << "W4A8KV4 has no width";
  EXPECT_EQ(bits.curves[1].points[0].x, 3);
  EXPECT_EQ(bits.curves[1].points[0].y, 4);
  EXPECT_NEAR(bits.curves[1].points[0].sd, std::sqrt(2.0), 1e-12);
  const CurveFigure& rounds = report.sweeps[1];
  EXPECT_EQ(rounds.curves.at(0).points.at(1).x, 4);
  EXPECT_EQ(rounds.curves[0].points[1].y, 0.5);
}

TEST(StudySweeps, TwoWidthsOfAModelAreNoSweep) {
  std::vector<CellResult> results = {result_of("ste", "W3A3KV3", 0, 3),
                                     result_of("ste", "W4A4KV4", 0, 2),
                                     result_of("ste", "W8A8KV8", 0, 1)};
  results[2].cell.model = "llama";
  Report report;
  add_sweeps(results, report);
  EXPECT_TRUE(report.sweeps.empty());
}

TEST(StudyRotations, WhatRosteChose) {
  std::vector<CellResult> results = {result_of("roste", "W4A4KV4", 0, 1),
                                     result_of("complete", "W4A4KV4", 0, 1)};
  results[0].rotations = {"1011", "1001"};
  Report report;
  add_rotations(results, report);
  ASSERT_EQ(report.rotations.size(), 1u);
  EXPECT_EQ(report.rotations[0].name, "RoSTE, pythia W4A4KV4, seed 0");
  EXPECT_THAT(report.rotations[0].layers[1], ElementsAre(GridMark::kHadamard, GridMark::kIdentity,
                                                         GridMark::kIdentity, GridMark::kHadamard));
}

}  // namespace
}  // namespace trainer
