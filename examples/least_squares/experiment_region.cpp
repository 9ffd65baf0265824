#include "examples/least_squares/converged_run.h"
#include "examples/least_squares/experiments.h"
#include "examples/least_squares/figure_svg.h"
#include "examples/least_squares/table.h"
#include "examples/least_squares/theorem_run.h"

namespace least_squares {

namespace {

constexpr int kDims[] = {8, 16, 32, 64, 128, 256, 512};
constexpr double kOutliers[] = {0, 2, 3, 4, 5, 6, 8, 12, 16, 32};
constexpr int kSteps = 1000;  // several times the 8 n steps that well-conditioned data need

// One dimension and one outlier, all seeds.
struct Place {
  int dim;
  double outlier;
  std::vector<double> weight_ratios, loss_ratios;  // with rotation over without, by seed
  std::vector<WorstCases> sides;                   // of eq. (22), by seed

  int predicted() const {
    int count = 0;
    for (const WorstCases& one : sides) count += one.rotation_wins() ? 1 : 0;
    return count;
  }
};

void add_problem(const Workload& workload, int repeat, Place& place) {
  const DataSet data = data_of(workload, repeat);
  const auto end = [&](RotationKind kind) {
    return converge(problem_of(workload, data, kind, repeat), data.pretrained, kSteps,
                    workload.settings.data.seed + static_cast<std::uint64_t>(repeat));
  };
  const Converged plain = end(RotationKind::kNone), rotated = end(RotationKind::kHadamard);
  place.weight_ratios.push_back(rotated.weight_error / plain.weight_error);
  place.loss_ratios.push_back(rotated.loss / plain.loss);
  place.sides.push_back(
      equation_22(data.x.cols(), workload.settings.delta, rotated.squared_norm, plain.max));
}

std::vector<Place> run_places(Workload workload) {
  std::vector<Place> places;
  for (const int dim : kDims) {
    if (dim < workload.settings.data.samples) continue;
    for (const double outlier : kOutliers) {
      workload.settings.data.dim = dim;
      workload.settings.data.weight_outlier = outlier;
      Place place{dim, outlier, {}, {}, {}};
      for (int repeat = 0; repeat < workload.settings.seeds; ++repeat) {
        add_problem(workload, repeat, place);
      }
      places.push_back(std::move(place));
    }
  }
  return places;
}

Table rows_of(const std::vector<Place>& places) {
  Table table{{"dim", "outlier", "seed", "weight_error_ratio", "loss_ratio", "side_rotated_22",
               "side_unrotated_22", "rotation_wins_22"},
              {}};
  for (const Place& place : places) {
    for (std::size_t k = 0; k < place.sides.size(); ++k) {
      const WorstCases& sides = place.sides[k];
      table.rows.push_back({double(place.dim), place.outlier, double(k), place.weight_ratios[k],
                            place.loss_ratios[k], sides.rotated, sides.unrotated,
                            double(sides.rotation_wins())});
    }
  }
  return table;
}

// For each dimension the smallest outlier from which on a condition holds; "-" for none.
template <class Condition>
Cell from_outlier(const std::vector<Place>& places, int dim, Condition condition) {
  Cell from = "-";
  bool holds = false;
  for (const Place& place : places) {
    if (place.dim != dim) continue;
    if (condition(place) && !holds) from = number_text(place.outlier, 4);
    holds = condition(place);
    if (!holds) from = "-";
  }
  return from;
}

Table summary(const std::vector<Place>& places) {
  Table table{{"dim", "(22) holds from outlier", "rotation wins from", "ratio at outlier 0",
               "ratio at outlier 32"},
              {}};
  for (const Place& place : places) {
    if (place.outlier != 0) continue;
    const Place& last = *(&place + std::size(kOutliers) - 1);
    table.rows.push_back(
        {number_text(place.dim, 4),
         from_outlier(places, place.dim,
                      [](const Place& p) { return 2 * p.predicted() > int(p.sides.size()); }),
         from_outlier(places, place.dim,
                      [](const Place& p) { return median(p.weight_ratios) < 1; }),
         median(place.weight_ratios), median(last.weight_ratios)});
  }
  return table;
}

// Problems in which eq. (22) promises a smaller worst case, and in which the error was not smaller.
std::string verdict(const std::vector<Place>& places) {
  int promised = 0, broken = 0, wins = 0, all = 0;
  for (const Place& place : places) {
    for (std::size_t k = 0; k < place.sides.size(); ++k) {
      const bool smaller = place.weight_ratios[k] < 1;
      all += 1;
      wins += smaller ? 1 : 0;
      promised += place.sides[k].rotation_wins() ? 1 : 0;
      broken += place.sides[k].rotation_wins() && !smaller ? 1 : 0;
    }
  }
  return "  rotation has the smaller weight error in " + std::to_string(wins) + " of " +
         std::to_string(all) + " problems; (22) says so in " + std::to_string(promised) +
         " of them and is wrong about the error (not about the worst case) in " +
         std::to_string(broken) + "\n";
}

HeatMap map_of(const Workload& workload, const std::vector<Place>& places) {
  const Settings& s = workload.settings;
  HeatMap map{
      "Eq. (22): where rotation wins",
      "converged weights; n = " + std::to_string(s.data.samples) + ", W" +
          std::to_string(s.w_bits) + " A" + std::to_string(s.a_bits) + ", delta = " +
          number_text(s.delta, 3) + "; median of " + std::to_string(s.seeds) + " problems",
      "outlier of one weight, in standard deviations of the others",
      "dimension d",
      "number and colour: ||e(R w)||^2 with rotation over without; blue: rotation is better",
      {std::begin(kOutliers), std::end(kOutliers)},
      {},
      {},
      {},
      "eq. (22) holds in most problems: the worst case is smaller with rotation"};
  for (const Place& place : places) {
    if (map.y.empty() || map.y.back() != place.dim) {
      map.y.push_back(place.dim);
      map.cell.emplace_back();
      map.marked.emplace_back();
    }
    map.cell.back().push_back(median(place.weight_ratios));
    map.marked.back().push_back(2 * place.predicted() > int(place.sides.size()) ? 1 : 0);
  }
  return map;
}

}  // namespace

Report region_experiment(const Workload& workload) {
  Report report;
  const std::string title = "Eq. (22), where rotation wins: ";
  if (workload.samples) {
    report.text = title + "not run, because dimensions of samples from a file cannot vary\n\n";
    return report;
  }
  if (workload.settings.w_bits == kFullPrecision) {
    report.text = title + "not run, because weights are not quantized\n\n";
    return report;
  }
  const std::vector<Place> places = run_places(workload);
  report.text = title + "weight error with rotation over without, medians of " +
                std::to_string(workload.settings.seeds) + " problems\n" +
                terminal_text(summary(places), 2) + verdict(places) + "\n";
  report.files = {{"region.csv", csv_text(rows_of(places))},
                  {"region.svg", svg(map_of(workload, places))}};
  return report;
}

}  // namespace least_squares
