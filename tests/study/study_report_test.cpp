// A whole report of a small study: it can be stored and drawn.
#include "reference_trainer/study/study_report.h"

#include <gmock/gmock.h>

#include "reference_trainer/report/report_files.h"
#include "reference_trainer/report/report_json.h"
#include "tests/study/results.h"
#include "tests/study/tiny_start.h"

namespace trainer {
namespace {

using test::result_of;

StartViews views() {
  Cpu cpu(1);
  const test::StudyDirectory place("-start");
  const StartModel start = test::tiny_start(cpu, place.path(), test::generating_shape());
  const Network<Cpu> network =
      network_of(cpu, start, start.parameters, {},
                 RotationChoice::shared(RotationMask(), start.plan.shape, 3));
  return {
      "pythia", "W4A4KV4", view_sites(cpu, network, 3, start.data.calibration),
      measure_errors<Cpu>(cpu, network, parse_setting("W4A4KV4", {}), 3, start.data.calibration)};
}

std::vector<CellResult> results() {
  std::vector<CellResult> all;
  for (const std::uint64_t seed : {0, 1}) {
    for (const char* setting : {"W3A3KV3", "W4A4KV4"}) {
      if (std::string(setting) == "W3A3KV3")
        all.push_back(result_of("sft", "W16A16KV16", seed, 0.1));
      all.push_back(result_of("ste", setting, seed, 0.5));
      all.push_back(result_of("complete", setting, seed, 0.6));
      all.push_back(result_of("roste", setting, seed, 0.4));
      all.push_back(result_of("roste:2", setting, seed, 0.3));
    }
  }
  return all;
}

TEST(StudyReport, IsWholeAndComesBackFromItsFile) {
  const test::StudyDirectory place;
  const std::vector<CellResult> all = results();
  for (const CellResult& r : all) {
    place.write(r.directory + "/log.jsonl", "{\"step\": 1, \"loss\": 2}\n");
    place.write(r.directory + "/record.json",
                R"({"objective": [{"step": 1, "absolute": 5, "relative": 1}]})");
  }
  const Report report = study_report({{}, place.path(), all, {views()}});
  EXPECT_NO_THROW(check(report, "report"));
  EXPECT_EQ(report.tables.size(), 2u);
  EXPECT_EQ(report.losses.size(), 2u);
  EXPECT_EQ(report.objectives.size(), 2u);
  EXPECT_EQ(report.sweeps.size(), 1u) << "two widths are no sweep of bits";
  EXPECT_EQ(report.activations.size(), 3u);
  EXPECT_EQ(report.rotations.size(), 8u) << "K = 1 and 2, two settings, two seeds";
  const std::string text = to_json(report).dump();
  EXPECT_EQ(to_json(report_from_json(nlohmann::json::parse(text), "report")).dump(), text);
  std::vector<std::string> files;
  for (const ReportFile& file : report_files(report)) files.push_back(file.name);
  EXPECT_THAT(files, testing::IsSupersetOf({"report.html", "report.json"}));
}

TEST(StudyReport, AClaimSaysOnWhatItStands) {
  const test::StudyDirectory place;
  std::vector<CellResult> all = results();
  for (const CellResult& r : all) place.write(r.directory + "/record.json", "null");
  const Report report = study_report({{}, place.path(), all, {}});
  const Claim& claim = report.claims.at(0);
  EXPECT_EQ(claim.text, "RoSTE beats STE, pythia W3A3KV3");
  EXPECT_EQ(claim.verdict, Verdict::kHolds);
  EXPECT_EQ(claim.reason, "held in 2 of 2 seeds");
  EXPECT_THAT(claim.sources, testing::ElementsAre("cells/roste-W3A3KV3-0", "cells/ste-W3A3KV3-0",
                                                  "cells/roste-W3A3KV3-1", "cells/ste-W3A3KV3-1"));
  EXPECT_NEAR(claim.difference->mean, 0.1, 1e-12) << "K = 1, not the better K = 2";
}

TEST(StudyReport, ACellThatFailedIsARowThatSaysSo) {
  const test::StudyDirectory place;
  std::vector<CellResult> all = {result_of("roste", "W3A3KV3", 0, 0.2),
                                 result_of("ste", "W3A3KV3", 0, kNotMeasured)};
  all[1].failure = "TR-01 step 3: got a loss of nan, expected a finite one";
  all[1].directory.clear();
  all[1].rotations.clear();
  place.write(all[0].directory + "/record.json", "null");
  const Report report = study_report({{}, place.path(), all, {}});
  EXPECT_TRUE(report.claims.empty());
  const TableRow& row = report.tables.at(0).rows.at(1);
  EXPECT_THAT(row.notes, testing::ElementsAre("failed: TR-01, seed 0"));
  EXPECT_TRUE(row.sources.empty());
  EXPECT_THAT(table_text(report.tables[0]), testing::HasSubstr("failed: TR-01, seed 0"));
}

// Seed by seed: one that stands on a plateau does not silence the others.
TEST(StudyReport, ASeedWhoseFineTuningHasNotConvergedIsLeftOutOpenly) {
  const test::StudyDirectory place;
  std::vector<CellResult> all = results();
  for (CellResult& r : all) {
    place.write(r.directory + "/record.json", "null");
    if (r.cell.method == Method::kSft) r.validation_loss = r.cell.seed == 0 ? 0.01 : 0.5;
  }
  const auto reason = [&] {
    const StudyFindings findings{{}, place.path(), all, {}, ConvergenceGuard::kBuiltinTask};
    return study_report(findings).claims.at(0).reason;
  };
  EXPECT_EQ(reason(),
            "held in 1 of 1 seed; one seed says nothing of noise; 1 seed left out, where SFT has "
            "not converged");
  all[0].validation_loss = 0.5;
  EXPECT_EQ(reason(), "SFT has not converged in any of 2 seeds: not interpreted");
}

// Fig. 6 from the table of errors, term by term.
TEST(StudyReport, ReductionsAreOneMinusAfterOverBefore) {
  const StartViews v = views();
  const Report report = study_report({{}, {}, {}, {v}});
  const ReductionFigure& figure = report.reductions.at(0);
  ASSERT_EQ(figure.sites.size(), v.errors.terms.size());
  for (std::size_t i = 0; i < figure.sites.size(); ++i) {
    const ErrorTerm& term = v.errors.terms[i];
    const double before = term.at(RotationMask()).squared_error;
    const double after = term.at(RotationMask(15)).squared_error;
    EXPECT_DOUBLE_EQ(figure.sites[i].error, 1 - after / before) << term.tensor;
    const bool is_weight = term.tensor.ends_with(".weight");
    EXPECT_EQ(figure.sites[i].range.has_value(), !is_weight) << term.tensor;
  }
  EXPECT_TRUE(report.tables.empty());
}

}  // namespace
}  // namespace trainer
