#include <algorithm>

#include "examples/least_squares/converged_run.h"
#include "examples/least_squares/experiments.h"
#include "examples/least_squares/figure_svg.h"
#include "examples/least_squares/table.h"
#include "examples/least_squares/theorem_run.h"

namespace least_squares {

namespace {

constexpr int kWidths[] = {2, 3, 4, 5, 6, 7, 8, 10, 12, 16};
constexpr int kDims[] = {8, 16, 32, 64, 128, 256, 512};
constexpr int kDimWidths[] = {3, 4};     // bits of features in the second figure
constexpr double kOutlier = 32;          // of one feature, unless --a_outlier says otherwise
constexpr int kMoreBits = 4;             // of weights, whose error is the floor of every curve
constexpr double kSmallestShown = 1e-8;  // interpolated labels leave rounding errors only

// One dimension and bit-width of features under one rotation, all seeds.
struct Place {
  RotationKind kind;
  int dim, bits;
  std::vector<double> ranks;
  // In units of the mean squared label: of the best w in full precision, of trained weights, and of
  // trained weights with kMoreBits more.
  std::vector<double> floors, losses, finer_losses;
  double interpolating = 0;  // share of problems with Assumption 4.2
};

int finer_bits(int w_bits) { return w_bits + kMoreBits <= 16 ? w_bits + kMoreBits : w_bits; }

enum class Training { kRun, kSkip };

void add_problem(const Workload& workload, int repeat, Training training, Place& place) {
  const DataSet data = data_of(workload, repeat);
  const LeastSquares problem = problem_of(workload, data, place.kind, repeat);
  const Constants constants = constants_of(problem);
  place.ranks.push_back(constants.rank);
  place.floors.push_back(constants.relative_residual * constants.relative_residual);
  place.interpolating += constants.interpolates() ? 1.0 / workload.settings.seeds : 0;
  if (training == Training::kSkip) return;
  const std::uint64_t seed = workload.settings.data.seed + static_cast<std::uint64_t>(repeat);
  const auto trained_loss = [&](const LeastSquares& trained) {
    const Converged end = converge(trained, data.pretrained, workload.settings.steps, seed);
    return end.loss / constants.mean_squared_label;
  };
  place.losses.push_back(trained_loss(problem));
  Workload finer = workload;
  finer.settings.w_bits = finer_bits(workload.settings.w_bits);
  place.finer_losses.push_back(trained_loss(problem_of(finer, data, place.kind, repeat)));
}

Place place_of(const Workload& workload, RotationKind kind, Training training) {
  const Settings& s = workload.settings;
  Place place{kind, s.data.dim, s.a_bits, {}, {}, {}, {}};
  for (int repeat = 0; repeat < s.seeds; ++repeat) add_problem(workload, repeat, training, place);
  return place;
}

std::vector<Place> over_bits(Workload workload) {
  std::vector<Place> places;
  for (const RotationKind kind : workload.settings.rotations) {
    for (const int bits : kWidths) {
      workload.settings.a_bits = bits;
      places.push_back(place_of(workload, kind, Training::kRun));
    }
  }
  return places;
}

std::vector<Place> over_dims(Workload workload) {
  std::vector<Place> places;
  for (const RotationKind kind : workload.settings.rotations) {
    for (const int bits : kDimWidths) {
      for (const int dim : kDims) {
        if (dim < workload.settings.data.samples) continue;
        workload.settings.a_bits = bits;
        workload.settings.data.dim = dim;
        places.push_back(place_of(workload, kind, Training::kSkip));
      }
    }
  }
  return places;
}

Table bits_table(const Settings& s, const std::vector<Place>& places) {
  Table table{
      {"rotation", "a_bits", "rank", "share_with_4.2", "best_error",
       "error_w" + std::to_string(s.w_bits), "error_w" + std::to_string(finer_bits(s.w_bits))},
      {}};
  for (const Place& place : places) {
    table.rows.push_back({name_of(place.kind), double(place.bits), median(place.ranks),
                          place.interpolating, median(place.floors), median(place.losses),
                          median(place.finer_losses)});
  }
  return table;
}

Table dims_table(const std::vector<Place>& places) {
  Table table{{"rotation", "a_bits", "dim", "rank", "share_with_4.2"}, {}};
  for (const Place& place : places) {
    table.rows.push_back({name_of(place.kind), double(place.bits), double(place.dim),
                          median(place.ranks), place.interpolating});
  }
  return table;
}

const char* color_of(RotationKind kind) { return kind == RotationKind::kNone ? kVermilion : kBlue; }

std::string rotation_of(RotationKind kind) {
  return kind == RotationKind::kNone ? "R = I" : "R = H Diag(r)";
}

LineChart bits_chart(const Workload& workload, const std::vector<Place>& places) {
  const Settings& s = workload.settings;
  LineChart chart{
      "Remark 4.5: error over the bits of features",
      describe(workload, "A2 to A16") + "; median of " + std::to_string(s.seeds) + " problems",
      {"bits of the features, b_x"},
      {"squared error / mean squared label", Scale::kLog10},
      {}};
  for (const RotationKind kind : s.rotations) {
    const auto line = [&](const std::string& label, Stroke stroke, auto values) {
      Series series{label + ", " + rotation_of(kind), color_of(kind), stroke, {}};
      for (const Place& place : places) {
        if (place.kind != kind) continue;
        series.points.emplace_back(place.bits, std::max(median(place.*values), kSmallestShown));
      }
      chart.series.push_back(std::move(series));
    };
    line("trained, W" + std::to_string(s.w_bits), Stroke::kSolid, &Place::losses);
    line("trained, W" + std::to_string(finer_bits(s.w_bits)), Stroke::kDotted,
         &Place::finer_losses);
    line("best full-precision w", Stroke::kDashed, &Place::floors);
  }
  return chart;
}

LineChart dims_chart(const Workload& workload, const std::vector<Place>& places) {
  const Settings& s = workload.settings;
  LineChart chart{"Remark 4.5: Assumption 4.2 over the dimension",
                  "n = " + std::to_string(s.data.samples) + ", feature outlier " +
                      number_text(s.data.feature_outlier, 3) + "; " + std::to_string(s.seeds) +
                      " problems each",
                  {"dimension d", Scale::kLog2},
                  {"share of problems that can be interpolated"},
                  {}};
  for (const Place& place : places) {
    const std::string label = std::to_string(place.bits) + " bits, " + rotation_of(place.kind);
    if (chart.series.empty() || chart.series.back().label != label) {
      const Stroke stroke = place.bits == kDimWidths[0] ? Stroke::kDashed : Stroke::kSolid;
      chart.series.push_back({label, color_of(place.kind), stroke, {}});
    }
    chart.series.back().points.emplace_back(place.dim, place.interpolating);
  }
  return chart;
}

}  // namespace

Report activations_experiment(const Workload& given) {
  Workload workload = given;
  double& outlier = workload.settings.data.feature_outlier;
  if (outlier == 0 && !workload.samples) outlier = kOutlier;
  const std::vector<Place> bits = over_bits(workload);
  Report report;
  report.text = "Remark 4.5, the bits of features: W" + std::to_string(workload.settings.w_bits) +
                ", feature outlier " + number_text(outlier, 3) + ", medians of " +
                std::to_string(workload.settings.seeds) +
                " problems; errors in units of the mean squared label\n" +
                terminal_text(bits_table(workload.settings, bits), 2) + "\n";
  report.files = {{"activations.csv", csv_text(bits_table(workload.settings, bits))},
                  {"activations.svg", svg(bits_chart(workload, bits))}};
  if (workload.samples) return report;
  const std::vector<Place> dims = over_dims(workload);
  report.text += terminal_text(dims_table(dims), 2) + "\n";
  report.files.push_back({"dimensions.csv", csv_text(dims_table(dims))});
  report.files.push_back({"dimensions.svg", svg(dims_chart(workload, dims))});
  return report;
}

}  // namespace least_squares
