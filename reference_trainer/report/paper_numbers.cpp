#include "reference_trainer/report/paper_numbers.h"

#include <string_view>

namespace trainer {
namespace {

constexpr std::array<std::string_view, 5> kMeasures = {"ROUGE-1", "ROUGE-2", "ROUGE-L",
                                                       "ROUGE-LSum", "ROUGE (Avg.)"};
constexpr double kNotGiven = -1;

struct PaperRow {
  PaperModel model;
  std::string_view setting, method;
  std::array<double, 5> percent;  // in the order of kMeasures
};

constexpr PaperRow kRows[] = {
    // Table 7
    {PaperModel::kPythia1B, "FP16", "Base", {22.40, 5.73, 17.35, 17.59, 15.77}},
    {PaperModel::kPythia1B, "FP16", "SFT", {32.80, 11.84, 25.49, 25.50, 23.91}},
    {PaperModel::kPythia1B, "W4A4KV4", "RTN", {6.05, 0.06, 5.21, 5.67, 4.25}},
    {PaperModel::kPythia1B, "W4A4KV4", "GPTQ", {10.16, 0.30, 8.41, 8.84, 6.93}},
    {PaperModel::kPythia1B, "W4A4KV4", "LLM-QAT", {19.71, 4.03, 15.82, 15.83, 13.85}},
    {PaperModel::kPythia1B, "W4A4KV4", "QuaRot", {16.57, 1.66, 13.61, 13.70, 11.39}},
    {PaperModel::kPythia1B, "W4A4KV4", "SpinQuant", {13.52, 0.40, 11.21, 11.10, 9.06}},
    {PaperModel::kPythia1B, "W4A4KV4", "STE", {31.03, 10.44, 24.01, 24.01, 22.37}},
    {PaperModel::kPythia1B, "W4A4KV4", "RoSTE", {31.80, 11.03, 24.71, 24.71, 23.07}},
    {PaperModel::kPythia1B, "W4A8KV4", "RTN", {24.19, 6.94, 19.29, 19.13, 17.39}},
    {PaperModel::kPythia1B, "W4A8KV4", "GPTQ", {29.77, 9.81, 23.38, 23.50, 21.52}},
    {PaperModel::kPythia1B, "W4A8KV4", "LLM-QAT", {29.54, 9.60, 23.08, 23.08, 21.33}},
    {PaperModel::kPythia1B, "W4A8KV4", "QuaRot", {30.14, 9.24, 22.97, 23.03, 21.35}},
    {PaperModel::kPythia1B, "W4A8KV4", "SpinQuant", {30.37, 9.73, 23.15, 23.43, 21.67}},
    {PaperModel::kPythia1B, "W4A8KV4", "STE", {32.44, 11.48, 25.24, 25.24, 23.60}},
    {PaperModel::kPythia1B, "W4A8KV4", "RoSTE", {32.67, 11.61, 25.37, 25.37, 23.76}},
    {PaperModel::kPythia6_9B, "FP16", "Base", {28.81, 9.45, 22.29, 22.91, 20.87}},
    {PaperModel::kPythia6_9B, "FP16", "SFT", {33.69, 12.60, 26.27, 26.31, 24.72}},
    {PaperModel::kPythia6_9B, "W4A4KV4", "RTN", {7.42, 0.06, 6.53, 6.56, 5.14}},
    {PaperModel::kPythia6_9B, "W4A4KV4", "GPTQ", {8.16, 0.08, 7.06, 7.60, 5.73}},
    {PaperModel::kPythia6_9B, "W4A4KV4", "LLM-QAT", {18.73, 3.71, 15.31, 15.01, 13.19}},
    {PaperModel::kPythia6_9B, "W4A4KV4", "QuaRot", {11.70, 0.23, 8.52, 9.39, 7.46}},
    {PaperModel::kPythia6_9B, "W4A4KV4", "SpinQuant", {8.61, 0.10, 8.10, 8.07, 6.22}},
    {PaperModel::kPythia6_9B, "W4A4KV4", "STE", {28.91, 9.07, 22.30, 22.33, 20.65}},
    {PaperModel::kPythia6_9B, "W4A4KV4", "RoSTE", {32.60, 11.54, 25.25, 25.25, 23.66}},
    {PaperModel::kPythia6_9B, "W4A8KV4", "RTN", {21.77, 5.31, 17.31, 17.22, 15.40}},
    {PaperModel::kPythia6_9B, "W4A8KV4", "GPTQ", {32.42, 10.71, 24.56, 24.59, 23.07}},
    {PaperModel::kPythia6_9B, "W4A8KV4", "LLM-QAT", {29.24, 9.16, 22.64, 22.64, 20.92}},
    {PaperModel::kPythia6_9B, "W4A8KV4", "QuaRot", {26.08, 8.17, 20.97, 20.98, 19.05}},
    {PaperModel::kPythia6_9B, "W4A8KV4", "SpinQuant", {31.69, 10.70, 24.69, 24.68, 22.94}},
    {PaperModel::kPythia6_9B, "W4A8KV4", "STE", {33.05, 11.94, 25.58, 25.61, 24.05}},
    {PaperModel::kPythia6_9B, "W4A8KV4", "RoSTE", {33.18, 12.05, 25.86, 25.88, 24.24}},
    // Table 3
    {PaperModel::kPythia1B,
     "W4A4KV4",
     "No Rotation",
     {kNotGiven, kNotGiven, kNotGiven, kNotGiven, 22.37}},
    {PaperModel::kPythia1B,
     "W4A4KV4",
     "Complete Rotation",
     {kNotGiven, kNotGiven, kNotGiven, kNotGiven, 13.09}},
    {PaperModel::kPythia1B,
     "W4A4KV4",
     "RoSTE (Adaptive Rotation)",
     {kNotGiven, kNotGiven, kNotGiven, kNotGiven, 23.07}},
};

void add_row(const PaperRow& paper, const std::vector<Measure>& measures, TableRow& row) {
  for (std::size_t i = 0; i < measures.size() && i < row.cells.size(); ++i) {
    for (std::size_t k = 0; k < kMeasures.size(); ++k) {
      if (measures[i].name == kMeasures[k] && paper.percent[k] != kNotGiven)
        row.cells[i].paper = paper.percent[k];
    }
  }
}

}  // namespace

void add_paper_numbers(PaperModel model, ReportTable& table) {
  for (TableRow& row : table.rows) {
    for (const PaperRow& paper : kRows) {
      if (paper.model == model && paper.setting == row.setting && paper.method == row.method)
        add_row(paper, table.measures, row);
    }
  }
}

}  // namespace trainer
