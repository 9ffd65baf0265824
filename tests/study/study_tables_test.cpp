#include <gmock/gmock.h>

#include "reference_trainer/study/study_report.h"
#include "tests/study/results.h"

namespace trainer {
namespace {

using test::result_of;
using testing::HasSubstr;

const TableRow& row(const ReportTable& table, const std::string& method,
                    const std::string& setting = "W4A4KV4") {
  for (const TableRow& r : table.rows) {
    if (r.method == method && r.setting == setting) return r;
  }
  throw std::out_of_range(method + " " + setting);
}

std::vector<std::string> names(const ReportTable& table) {
  std::vector<std::string> all;
  for (const TableRow& r : table.rows) all.push_back(r.method + " " + r.setting);
  return all;
}

// Two seeds of 3 and 4 bits, and one method in full precision.
std::vector<CellResult> two_seeds() {
  std::vector<CellResult> results;
  for (const std::uint64_t seed : {0, 1}) {
    const double more = 0.2 * static_cast<double>(seed);
    results.push_back(result_of("sft", "W16A16KV16", seed, 0.1 + more));
    results.push_back(result_of("quarot_gptq", "W4A4KV4", seed, 1));
    results.push_back(result_of("rtn", "W3A3KV3", seed, 2));
    results.push_back(result_of("ste", "W4A4KV4", seed, 0.5));
    results.push_back(result_of("roste", "W4A4KV4", seed, 0.4 + more));
    results.push_back(result_of("rtn", "W4A4KV4", seed, 3));
  }
  return results;
}

TEST(StudyTables, ARowIsTheMeanOverSeeds) {
  const ReportTable table = study_tables(two_seeds()).at(0);
  EXPECT_EQ(table.id, "methods-pythia");
  EXPECT_EQ(table.measures.at(0).name, "test loss");
  EXPECT_EQ(table.charted, "test loss");
  const TableRow& roste = row(table, "RoSTE");
  EXPECT_NEAR(roste.cells[0].ours->mean, 0.5, 1e-12);
  // Of 0.4 and 0.6: |0.6 - 0.4| / sqrt(2).
  EXPECT_NEAR(roste.cells[0].ours->sd, 0.2 / std::sqrt(2.0), 1e-12);
  EXPECT_EQ(roste.cells[0].ours->n, 2);
  EXPECT_NEAR(roste.cells[5].ours->mean, 95, 1e-9) << "ROUGE (Avg.)";
  EXPECT_THAT(roste.sources,
              testing::ElementsAre("cells/roste-W4A4KV4-0", "cells/roste-W4A4KV4-1"));
}

TEST(StudyTables, RowsOfOneSettingStandTogether) {
  EXPECT_THAT(names(study_tables(two_seeds()).at(0)),
              testing::ElementsAre("SFT W16A16KV16", "QuaRot (GPTQ) W4A4KV4", "STE W4A4KV4",
                                   "RoSTE W4A4KV4", "RTN W4A4KV4", "RTN W3A3KV3"));
}

// Table 7 of the paper, Pythia 1B at W4A4KV4.
TEST(StudyTables, ThePapersNumbersStandBesideEqualMethodsAtEqualBits) {
  const ReportTable table = study_tables(two_seeds()).at(0);
  EXPECT_EQ(row(table, "RoSTE").cells[1].paper, 31.80);
  EXPECT_EQ(row(table, "RoSTE").cells[5].paper, 23.07);
  EXPECT_EQ(row(table, "STE").cells[2].paper, 10.44);
  EXPECT_EQ(row(table, "RTN").cells[1].paper, 6.05);
  EXPECT_EQ(row(table, "QuaRot (GPTQ)").cells[1].paper, 16.57);
  EXPECT_TRUE(row(table, "SFT", "W16A16KV16").cells[1].paper) << "FP16 there";
  EXPECT_FALSE(row(table, "RoSTE").cells[0].paper) << "the paper has no test losses";
  EXPECT_FALSE(row(table, "RTN", "W3A3KV3").cells[1].paper) << "nor 3 bits";
}

TEST(StudyTables, OtherModelsAndOtherRoundsHaveNoNumbersInThePaper) {
  std::vector<CellResult> results = {result_of("roste:2", "W4A4KV4", 0, 1),
                                     result_of("roste", "W4A4KV4", 0, 1)};
  results[1].cell.model = "llama";
  const std::vector<ReportTable> tables = study_tables(results);
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_FALSE(row(tables[0], "RoSTE, K = 2").cells[1].paper);
  EXPECT_EQ(tables[1].id, "methods-llama");
  EXPECT_FALSE(row(tables[1], "RoSTE").cells[1].paper);
}

// Table 3.
TEST(StudyTables, TheAblationHasTheMethodsThatDifferInTheirRotations) {
  std::vector<CellResult> results = two_seeds();
  results.push_back(result_of("complete", "W4A4KV4", 0, 0.7));
  results.push_back(result_of("roste:3", "W4A4KV4", 0, 0.3));
  const std::vector<ReportTable> tables = study_tables(results);
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[1].id, "ablation-pythia");
  EXPECT_THAT(names(tables[1]),
              testing::ElementsAre("STE W4A4KV4", "RoSTE W4A4KV4", "STE, complete rotation W4A4KV4",
                                   "RoSTE, K = 3 W4A4KV4"));
  EXPECT_EQ(row(tables[1], "STE").cells[1].paper, 22.37);
  EXPECT_EQ(row(tables[1], "STE, complete rotation").cells[1].paper, 13.09);
  EXPECT_FALSE(row(tables[1], "RoSTE, K = 3").cells[1].paper);
}

TEST(StudyTables, WhatWasNotMeasuredIsEmptyAndNotAnAverage) {
  std::vector<CellResult> results = {result_of("ste", "W4A4KV4", 0, 0.5),
                                     result_of("ste", "W4A4KV4", 1, 0.7),
                                     result_of("rtn", "W4A4KV4", 0, kNotMeasured)};
  results[1].test_loss = kNotMeasured;
  results[2].rotations.clear();
  const ReportTable table = study_tables(results).at(0);
  EXPECT_EQ(row(table, "STE").cells[0].ours->mean, 0.5);
  EXPECT_EQ(row(table, "STE").cells[0].ours->n, 1);
  EXPECT_FALSE(row(table, "RTN").cells[0].ours);
  EXPECT_TRUE(row(table, "RTN").notes.empty());
  EXPECT_THAT(table_text(table), HasSubstr("RTN"));
}

TEST(StudyTables, RotationsThatDifferBySeedOrByLayer) {
  std::vector<CellResult> results = two_seeds();
  results[4].rotations = {"1011", "1001"};
  results[10].rotations = {"1011", "1011"};
  const ReportTable table = study_tables(results).at(0);
  const TableRow& roste = row(table, "RoSTE");
  EXPECT_THAT(roste.notes, testing::ElementsAre("rotations 1011 1001", "rotations 1011"));
}

TEST(StudyTables, AsText) {
  std::vector<CellResult> results = two_seeds();
  results[4].rotations = {"1011", "1011"};
  const std::string text = table_text(study_tables(results).at(0));
  EXPECT_THAT(text, HasSubstr("Methods, pythia\n"));
  EXPECT_THAT(text, HasSubstr("0.5000 +- 0.1414"));
  EXPECT_THAT(text, HasSubstr("by seed"));
  EXPECT_THAT(text, HasSubstr("0000"));
}

}  // namespace
}  // namespace trainer
