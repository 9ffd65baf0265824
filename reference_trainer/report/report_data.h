// All that a report shows, as numbers and words: no model, no device. Whoever ran something fills
// this in; report_json.h stores it and html_report.h draws it. What is left empty is not drawn.
//
// Every number names its origin: `sources` and `source` are paths from the report's directory to
// the run's directory or log file, e.g. "runs/W3A3KV3/roste/seed0".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace trainer {

struct NamedText {
  std::string name;   // e.g. "learning_rate"
  std::string value;  // e.g. "0.002"
};

// What was run, and on what.
struct RunInfo {
  std::string title;        // e.g. "RoSTE on the built-in task"
  std::string command;      // as it was typed
  std::string version;      // of the program, e.g. "0.1.0"
  std::string machine;      // processor, instruction set, threads
  std::string started;      // UTC, ISO 8601, e.g. "2026-11-22T20:52:11Z"
  double wall_seconds = 0;  // of everything in the report
  std::string seeds;        // e.g. "0, 1, 2"
  std::vector<NamedText> settings;
  std::vector<std::string> not_run;  // what is absent and why, a sentence each
};

// A measure over several runs of the same setting.
struct Estimate {
  double mean = 0;
  double sd = 0;       // sample standard deviation (n - 1); 0 for n = 1
  std::int64_t n = 1;  // runs
  struct Interval {
    double low, high;
  };
  std::optional<Interval> interval;  // 95 %, e.g. of bootstrap.h; shown where there is one
};

// Mean, standard deviation and number of `values`. Throws std::invalid_argument if there are none.
Estimate estimate_of(std::span<const double> values);

// ---- Tables 1, 3, 7

enum class Better { kLarger, kSmaller };

// A column of numbers.
struct Measure {
  std::string name;  // e.g. "ROUGE-1"; the paper's own name where it has one
  std::string unit;  // e.g. "%", "nats per token", "s"; may be empty
  int decimals = 2;
  Better better = Better::kLarger;
};

struct TableCell {
  std::optional<Estimate> ours;  // nothing: not measured
  std::optional<double> paper;   // the paper's number for the corresponding setting
};

struct TableRow {
  std::string setting;             // e.g. "W4A4KV4"; rows of one setting stand together
  std::string method;              // e.g. "QuaRot"
  std::vector<TableCell> cells;    // one per measure
  std::vector<std::string> notes;  // e.g. "rotations 1011"; shown under the method
  std::vector<std::string> sources;
};

struct ReportTable {
  std::string id;         // letters, digits, '-' and '_': file names and links; unique
  std::string title;      // e.g. "Methods"
  std::string reference;  // e.g. "Table 1"; empty when the paper has no such table
  std::string caption;    // what differs from the paper's setting: model, data, size
  std::string charted;    // name of the measure that is also drawn as bars; empty: none
  std::vector<Measure> measures;
  std::vector<TableRow> rows;
};

// ---- Claims

enum class Verdict { kHolds, kFails, kWithinNoise, kNotTested };

struct Claim {
  std::string text;       // e.g. "RoSTE is better than STE at W3A3KV3"
  std::string reference;  // e.g. "Table 1"
  Verdict verdict = Verdict::kNotTested;
  std::optional<Estimate> difference;  // that the verdict is about
  Measure measure;                     // of the difference
  std::string reason;                  // the rule behind the verdict, or why it was not tested
  std::vector<std::string> sources;
};

// ---- Curves: losses, eq. (12) during training (Fig. 3), sweeps of K and of bit-widths

struct CurvePoint {
  double x, y;    // NaN and infinity leave a gap
  double sd = 0;  // half width of the band around y; 0: none
};

struct Curve {
  std::string name;  // e.g. "RoSTE, seed 0"
  std::vector<CurvePoint> points;
  std::vector<std::string> sources;
};

enum class AxisScale { kLinear, kLog10, kLog2 };

struct Axis {
  std::string label;  // with unit, e.g. "loss, nats per token"
  AxisScale scale = AxisScale::kLinear;
};

struct CurveFigure {
  std::string id;         // as in ReportTable
  std::string title;      // e.g. "Loss, fine-tuning at W3A3KV3"
  std::string reference;  // e.g. "Fig. 3"
  std::string caption;
  Axis x, y;
  std::vector<Curve> curves;
};

// ---- Activations (Figs. 2 and 5)

// |x| at one site, or a part of its channels.
struct ActivationMap {
  std::string name;  // e.g. "STE", or "before rotation"
  std::int64_t tokens = 0, channels = 0;
  std::vector<float> magnitudes;  // [tokens, channels]
  std::string source;
};

// Maps of the same shape, drawn side by side in one scale of colours.
struct ActivationFigure {
  std::string id;  // as in ReportTable
  std::string title;
  std::string reference;  // "Fig. 2" or "Fig. 5"
  std::string caption;
  std::int64_t layer = 0;  // from 0
  std::string site;        // e.g. "down_input"
  std::vector<ActivationMap> maps;
};

// ---- What rotating changes, tensor by tensor (Fig. 6)

struct SiteReduction {
  std::int64_t layer = 0;  // from 0
  std::string tensor;      // e.g. "down_input", "self_attn.v_proj.weight"
  // 1 - (with rotation) / (without): 1 removes all of it, negative values make it worse.
  double error = 0;             // of the quantization error, eq. (12)
  std::optional<double> range;  // of the dynamic range max - min of a quantization group
};

struct ReductionFigure {
  std::string id;  // as in ReportTable
  std::string title;
  std::string reference;  // "Fig. 6"
  std::string caption;
  std::vector<SiteReduction> sites;
  std::vector<std::string> sources;
};

// ---- Chosen rotations

enum class GridMark { kIdentity, kHadamard };

struct RotationGrid {
  std::string name;                             // of the run, e.g. "RoSTE, W3A3KV3, seed 0"
  std::vector<std::array<GridMark, 4>> layers;  // R1 ... R4 of every layer
  std::string source;
};

// ---- The whole

struct Report {
  RunInfo run;
  std::vector<Claim> claims;
  std::vector<ReportTable> tables;
  std::vector<NamedText> methods;       // a line per method: what it was run with
  std::vector<CurveFigure> losses;      // a figure per stage or setting
  std::vector<CurveFigure> objectives;  // Fig. 3
  std::vector<CurveFigure> sweeps;      // of K, of bit-widths
  std::vector<ActivationFigure> activations;
  std::vector<ReductionFigure> reductions;
  std::vector<RotationGrid> rotations;
};

}  // namespace trainer
