#include "reference_trainer/report/markdown_report.h"

#include <gmock/gmock.h>

#include "tests/report/demo_report.h"

namespace trainer {
namespace {

using testing::HasSubstr;

Report small() {
  Report report;
  report.run.title = "A study";
  report.run.command = "reference_trainer reproduce";
  ReportTable table;
  table.id = "methods";
  table.title = "Methods, pythia";
  table.reference = "Tables 1 and 7";
  table.measures = {{"test loss", "nats per token", 4, Better::kSmaller},
                    {"ROUGE-1", "%", 2, Better::kLarger}};
  TableRow roste{"W3A3KV3", "RoSTE", {}, {"rotations 1010", "rotations 1110"}, {"cells/a"}};
  roste.cells = {{Estimate{0.05114, 0.00771, 3, {}}, {}}, {Estimate{97.819, 0.5, 3, {}}, 31.8}};
  TableRow rtn{"W3A3KV3", "RTN", {{}, {}}, {"failed: TR-01"}, {}};
  table.rows = {roste, rtn};
  report.tables = {table};
  report.claims = {{"RoSTE beats a | b",
                    "",
                    Verdict::kHolds,
                    Estimate{0.13571, 0.05402, 3, {}},
                    table.measures[0],
                    "held in 3 of 3 seeds",
                    {"cells/a"}},
                   {"B", "", Verdict::kFails, Estimate{-0.5, 0, 1, {}}, table.measures[0], "", {}},
                   {"C", "", Verdict::kNotTested, {}, table.measures[0], "no seed", {}}};
  report.methods = {{"GPTQ", "damping 0.01"}};
  return report;
}

TEST(MarkdownReport, ARowHasMethodBitsRotationsSeedsAndMeasures) {
  const std::string text = markdown_report(small());
  EXPECT_THAT(text, HasSubstr("# A study\n\n```\nreference_trainer reproduce\n```\n"));
  EXPECT_THAT(text, HasSubstr("## Methods, pythia (Tables 1 and 7 of the paper)\n\n"
                              "| method | setting | R1–R4 | seeds | test loss | ROUGE-1 |\n"
                              "|---|---|---|---:|---:|---:|\n"
                              "| RoSTE | W3A3KV3 | 1010, 1110 | 3 | 0.0511 ± 0.0077 | 97.82 ± 0.50 "
                              "|\n| RTN; failed: TR-01 | W3A3KV3 | – | – | – | – |\n"));
}

TEST(MarkdownReport, ClaimsHaveSignedDifferences) {
  const std::string text = markdown_report(small());
  EXPECT_THAT(text, HasSubstr("| RoSTE beats a \\| b | holds | held in 3 of 3 seeds | +0.1357 ± "
                              "0.0540 |\n"));
  EXPECT_THAT(text, HasSubstr("| B | fails |  | -0.5000 |\n"));
  EXPECT_THAT(text, HasSubstr("| C | not tested | no seed | – |\n"));
}

TEST(MarkdownReport, SweepsAreALinePerX) {
  Report report = small();
  CurveFigure bits;
  bits.title = "Bits, pythia";
  bits.x.label = "bits";
  bits.y.label = "test loss";
  bits.curves = {{"RTN", {{2, 9.5, 0}, {4, 1.25, 0.5}}, {}}, {"STE", {{4, 0.5, 0}}, {}}};
  report.sweeps = {bits};
  EXPECT_THAT(markdown_report(report),
              HasSubstr("## Bits, pythia\n\ntest loss\n\n| bits | RTN | STE |\n|---:|---:|---:|\n"
                        "| 2 | 9.5000 | – |\n| 4 | 1.2500 ± 0.5000 | 0.5000 |\n"));
}

TEST(MarkdownReport, SettingsOfTheMethodsStandAtItsEnd) {
  EXPECT_THAT(markdown_report(small()),
              testing::EndsWith("## Settings of the methods\n\n| name | value |\n|---|---|\n"
                                "| GPTQ | damping 0.01 |\n"));
}

TEST(MarkdownReport, NothingIsATitle) { EXPECT_EQ(markdown_report({}), "# Report\n"); }

// Every line of a table has the cells of its header.
TEST(MarkdownReport, LinesOfATableAreOfOneLength) {
  const std::string text = markdown_report(demo_report());
  std::size_t cells = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    std::size_t bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i)
      bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\') ? 1 : 0;
    if (bars > 0 && cells > 0) {
      EXPECT_EQ(bars, cells) << line;
    }
    cells = bars;
  }
}

}  // namespace
}  // namespace trainer
