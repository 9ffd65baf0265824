#include "tests/report/demo_report.h"

#include <cmath>
#include <limits>

#include "reference_trainer/base/random.h"
#include "reference_trainer/report/paper_numbers.h"

namespace trainer {
namespace {

constexpr int kSeeds = 3;
constexpr std::int64_t kLayers = 3;

struct Level {
  const char* method;
  double w3, w4;  // average ROUGE in percent at 3 and 4 bits
};
constexpr Level kLevels[] = {{"RTN", 12.1, 60.4},       {"GPTQ", 13.7, 61.8},
                             {"LLM-QAT", 55.2, 84.4},   {"QuaRot", 86.9, 93.0},
                             {"SpinQuant", 88.4, 93.9}, {"STE", 86.3, 96.9},
                             {"RoSTE", 96.7, 97.0}};

std::string run_of(const std::string& setting, const std::string& method, int seed) {
  return "runs/" + setting + "/" + method + "/seed" + std::to_string(seed);
}

std::vector<std::string> runs_of(const std::string& setting, const std::string& method) {
  std::vector<std::string> paths;
  for (int seed = 0; seed < kSeeds; ++seed) paths.push_back(run_of(setting, method, seed));
  return paths;
}

// ROUGE-1, -2, -L, -LSum, average, loss, perplexity around the level.
TableRow row_of(const std::string& setting, const std::string& method, double level,
                RandomStream& random) {
  TableRow row{setting, method, {}, {}, runs_of(setting, method)};
  const double loss = 0.02 + 6 * std::pow(1 - level / 100, 1.3);
  const double centers[] = {level + 1.1, level - 3.4, level + 1.2,   level + 1.1,
                            level,       loss,        std::exp(loss)};
  const double spread = 0.25 + (100 - level) / 40;
  for (int column = 0; column < 7; ++column) {
    std::vector<double> values;
    const double scale = column < 5 ? spread : 0.02 * centers[column];
    for (int seed = 0; seed < kSeeds; ++seed)
      values.push_back(centers[column] + scale * random.normal());
    row.cells.push_back({estimate_of(values), std::nullopt});
  }
  row.cells[4].ours->interval = {level - 2 * spread, level + 2 * spread};
  return row;
}

ReportTable methods_table() {
  RandomStream random(1);
  ReportTable table;
  table.id = "methods";
  table.title = "Methods and settings";
  table.reference = "Tables 1 and 7";
  table.caption =
      "A Pythia-style model of three layers on the built-in task; the paper fine-tunes Pythia 6.9B "
      "on Reddit TL;DR, so its numbers stand beside ours for the order, not for the size.";
  table.charted = "ROUGE (Avg.)";
  for (const char* name : {"ROUGE-1", "ROUGE-2", "ROUGE-L", "ROUGE-LSum", "ROUGE (Avg.)"})
    table.measures.push_back({name, "%", 2, Better::kLarger});
  table.measures.push_back({"Loss", "nats per token", 3, Better::kSmaller});
  table.measures.push_back({"Perplexity", "", 2, Better::kSmaller});
  table.rows.push_back(row_of("FP16", "Base", 24.6, random));
  table.rows.push_back(row_of("FP16", "SFT", 98.2, random));
  for (const Level& level : kLevels)
    table.rows.push_back(row_of("W3A3KV3", level.method, level.w3, random));
  for (const Level& level : kLevels)
    table.rows.push_back(row_of("W4A4KV4", level.method, level.w4, random));
  table.rows[8].notes = {"rotations 1011, 1011, 1111"};
  table.rows[11].cells[2].ours.reset();
  add_paper_numbers(PaperModel::kPythia6_9B, table);
  return table;
}

ReportTable strategies_table() {
  ReportTable table;
  table.id = "strategies";
  table.title = "Rotation strategies";
  table.reference = "Table 3";
  table.charted = "ROUGE (Avg.)";
  table.measures = {{"ROUGE (Avg.)", "%", 2, Better::kLarger}};
  const auto add = [&](const char* method, Estimate estimate) {
    table.rows.push_back(
        {"W4A4KV4", method, {{estimate, std::nullopt}}, {}, runs_of("W4A4KV4", method)});
  };
  add("No Rotation", {96.9, 0.3, 3, std::nullopt});
  add("Complete Rotation", {96.6, 0.5, 3, std::nullopt});
  add("RoSTE (Adaptive Rotation)", {97.0, 0.2, 3, std::nullopt});
  add_paper_numbers(PaperModel::kPythia1B, table);
  return table;
}

std::vector<Claim> claims() {
  const Measure points{"ROUGE (Avg.)", "points", 2, Better::kLarger};
  const std::string rule =
      "holds when the mean of the paired differences exceeds two standard errors";
  return {{"RoSTE is better than STE at W3A3KV3",
           "Table 1",
           Verdict::kHolds,
           Estimate{10.4, 1.9, 3, Estimate::Interval{8.1, 12.2}},
           points,
           rule,
           {"runs/W3A3KV3/RoSTE/seed0", "runs/W3A3KV3/STE/seed0"}},
          {"RoSTE is better than every post-training method at W3A3KV3", "Table 1", Verdict::kHolds,
           Estimate{8.3, 1.1, 3, std::nullopt}, points, rule, runs_of("W3A3KV3", "SpinQuant")},
          {"RoSTE is better than STE at W4A4KV4", "Table 1", Verdict::kWithinNoise,
           Estimate{0.1, 0.4, 3, std::nullopt}, points, rule, runs_of("W4A4KV4", "RoSTE")},
          {"Rotating everything is worse than choosing", "Table 3", Verdict::kFails,
           Estimate{-0.4, 0.1, 3, std::nullopt}, points, rule, runs_of("W4A4KV4", "Complete")},
          {"K = 2 is better than K = 1",
           "section 5",
           Verdict::kNotTested,
           std::nullopt,
           points,
           "one seed only",
           {}}};
}

Curve loss_curve(const std::string& setting, const char* method, double last, std::uint64_t key) {
  RandomStream random(key);
  Curve curve{method, {}, {run_of(setting, method, 0) + "/log.jsonl"}};
  for (int step = 1; step <= 1000; ++step) {
    const double mean = last + 4.2 * std::exp(-step / 90.0) + 0.6 * std::exp(-step / 300.0);
    curve.points.push_back({double(step), mean * (1 + 0.06 * random.normal()), 0});
  }
  return curve;
}

CurveFigure losses() {
  return {"loss-w3a3kv3",
          "Loss of fine-tuning, W3A3KV3",
          "",
          "Seed 0, every step.",
          {"step", AxisScale::kLinear},
          {"loss, nats per token", AxisScale::kLog10},
          {loss_curve("W3A3KV3", "SFT", 0.035, 11), loss_curve("W3A3KV3", "STE", 0.25, 12),
           loss_curve("W3A3KV3", "RoSTE", 0.07, 13)}};
}

CurveFigure objective() {
  CurveFigure figure{"objective",
                     "Quantization error (12) during training",
                     "Fig. 3",
                     "Band: one standard deviation over three seeds.",
                     {"step", AxisScale::kLinear},
                     {"E of eq. (12)", AxisScale::kLinear},
                     {}};
  const auto add = [&](const char* method, double start, double drift) {
    Curve curve{method, {}, runs_of("W3A3KV3", method)};
    for (int step = 0; step <= 1000; step += 50) {
      const double y = start + drift * (1 - std::exp(-step / 250.0));
      curve.points.push_back({double(step), y, 0.04 * y});
    }
    figure.curves.push_back(curve);
  };
  add("STE", 131000, 42000);
  add("Complete rotation", 84000, 9000);
  add("RoSTE", 71000, 6000);
  return figure;
}

std::vector<CurveFigure> sweeps() {
  CurveFigure rounds{"rounds",
                     "Rounds K of Algorithm 1",
                     "",
                     "T = 1000 steps in all.",
                     {"K", AxisScale::kLinear},
                     {"ROUGE (Avg.), %", AxisScale::kLinear},
                     {}};
  rounds.curves = {{"W3A3KV3",
                    {{1, 96.7, 0.3}, {2, 96.9, 0.4}, {4, 96.4, 0.5}, {8, 95.9, 0.6}},
                    runs_of("W3A3KV3", "RoSTE-K")}};
  CurveFigure bits{"bits",
                   "Bit-widths",
                   "",
                   "Weights, activations and cache at the same width.",
                   {"bits", AxisScale::kLinear},
                   {"loss, nats per token", AxisScale::kLog10},
                   {}};
  bits.curves = {
      {"RTN",
       {{2, 7.9, 0.2}, {3, 6.6, 0.3}, {4, 0.62, 0.05}, {6, 0.06, 0.01}, {8, 0.036, 0.002}},
       {}},
      {"QuaRot",
       {{2, 5.3, 0.3}, {3, 0.38, 0.04}, {4, 0.08, 0.01}, {6, 0.04, 0.003}, {8, 0.035, 0.002}},
       {}},
      {"RoSTE",
       {{2, 1.9, 0.4},
        {3, 0.07, 0.01},
        {4, 0.045, 0.004},
        {6, 0.036, 0.002},
        {8, std::numeric_limits<double>::quiet_NaN(), 0}},
       {}}};
  return {rounds, bits};
}

ActivationMap map_of(const char* name, double outlier, std::uint64_t key) {
  RandomStream random(key);
  ActivationMap map{name, 64, 128, {}, std::string("runs/W3A3KV3/") + name};
  for (std::int64_t t = 0; t < map.tokens; ++t) {
    for (std::int64_t c = 0; c < map.channels; ++c) {
      const bool massive = c == 7 || c == 77;
      const double value = massive ? outlier * (1 + 0.1 * random.normal()) : random.normal();
      map.magnitudes.push_back(static_cast<float>(std::abs(value)));
    }
  }
  return map;
}

std::vector<ActivationFigure> activations() {
  return {{"activations-trained",
           "|x| of trained models",
           "Fig. 2",
           "The first 64 tokens of a post.",
           2,
           "qkv_input",
           {map_of("STE", 11, 21), map_of("RoSTE", 1.2, 22)}},
          {"activations-before",
           "|x| before and after rotation",
           "Fig. 5",
           "",
           0,
           "down_input",
           {map_of("before rotation", 5, 23), map_of("after rotation", 1.0, 24)}}};
}

ReductionFigure reductions() {
  ReductionFigure figure{"reductions", "Effect of rotating on the pre-trained model",
                         "Fig. 6",     "Negative: rotating makes it worse.",
                         {},           {"runs/base/measure.json"}};
  RandomStream random(31);
  for (const char* tensor :
       {"qkv_input", "key", "value", "o_input", "gate_up_input", "down_input", "q_proj.weight",
        "k_proj.weight", "v_proj.weight", "o_proj.weight", "up_proj.weight", "down_proj.weight"}) {
    for (std::int64_t layer = 0; layer < kLayers; ++layer) {
      const double error = 0.5 + 0.35 * random.normal();
      const bool activation = std::string_view(tensor).find("weight") == std::string_view::npos;
      figure.sites.push_back(
          {layer, tensor, std::min(error, 0.97),
           activation ? std::optional(0.6 * std::min(error, 0.97)) : std::nullopt});
    }
  }
  return figure;
}

std::vector<RotationGrid> rotations() {
  constexpr GridMark kH = GridMark::kHadamard, kI = GridMark::kIdentity;
  std::vector<RotationGrid> choices;
  for (int seed = 0; seed < kSeeds; ++seed) {
    RotationGrid choice{"RoSTE, W3A3KV3, seed " + std::to_string(seed),
                        {},
                        run_of("W3A3KV3", "RoSTE", seed) + "/rotations.json"};
    for (std::int64_t layer = 0; layer < kLayers; ++layer)
      choice.layers.push_back({kH, layer == seed ? kI : kH, kH, layer == 2 ? kI : kH});
    choices.push_back(choice);
  }
  return choices;
}

}  // namespace

Report demo_report() {
  Report report;
  report.run = {
      "RoSTE on the built-in task (invented numbers)",
      "reference_trainer run --recipe scripts/recipes/paper.yaml --settings W3A3KV3,W4A4KV4 "
      "--output_dir out/paper",
      "0.1.0",
      "x86-64 with AVX-512, 2 threads",
      "2026-01-02T03:04:05Z",
      5025,
      "0, 1, 2",
      {{"learning_rate", "0.002"},
       {"max_steps", "1000"},
       {"calibration_samples", "128"},
       {"prompt", "<script>alert(\"not run\")</script> & 'quotes'"}},
      {"Llama-style models: the settings of this run name one model.",
       "GPTQ with act-order: not part of the paper."}};
  report.claims = claims();
  report.tables = {methods_table(), strategies_table()};
  report.losses = {losses()};
  report.objectives = {objective()};
  report.sweeps = sweeps();
  report.activations = activations();
  report.reductions = {reductions()};
  report.rotations = rotations();
  return report;
}

}  // namespace trainer
