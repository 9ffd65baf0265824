#include <algorithm>

#include "examples/least_squares/experiments.h"
#include "examples/least_squares/figure_svg.h"
#include "examples/least_squares/table.h"
#include "examples/least_squares/theorem_run.h"

namespace least_squares {

namespace {

constexpr int kWidths[] = {2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16};
constexpr int kMostPaths = 16;  // the last step's mean needs no more

// One problem at one bit-width, after the last step.
struct Outcome {
  RotationKind kind;
  int bits, repeat;
  TheoremRun run;
  double weight_error = 0;        // ||e(R w)||^2 of the path where it is largest beside its bound
  double proposition = 0;         // right side of eq. (20), or of eq. (21) under a rotation
  bool equation_20_holds = true;  // on R w of every path, whatever R is

  double loss() const { return run.trajectory.loss.back().mean; }
  double bound() const { return run.bound.back().mean; }
};

double proposition_of(const Outcome& one, const Vector& rotated, double delta) {
  const Eigen::Index d = rotated.size();
  return one.kind == RotationKind::kNone
             ? unrotated_error_bound(one.bits, d, rotated.cwiseAbs().maxCoeff())
             : rotated_error_bound(one.bits, d, delta, rotated.squaredNorm());
}

// Proposition 4.4 at the final weights of every path.
void check_proposition(const LeastSquares& problem, double delta, Outcome& one) {
  const ForwardPass pass = forward(problem, one.run.trajectory.weights);
  for (Eigen::Index p = 0; p < pass.rotated.rows(); ++p) {
    const Vector rotated = pass.rotated.row(p);
    const double error = (pass.quantized.row(p) - pass.rotated.row(p)).squaredNorm();
    const double bound = proposition_of(one, rotated, delta);
    if (one.proposition == 0 || error / bound > one.weight_error / one.proposition) {
      one.weight_error = error;
      one.proposition = bound;
    }
    const double equation_20 =
        unrotated_error_bound(one.bits, rotated.size(), rotated.cwiseAbs().maxCoeff());
    one.equation_20_holds &= error <= equation_20 * float_slack(one.bits);
  }
}

Outcome outcome_of(const Workload& workload, RotationKind kind, int repeat) {
  const DataSet data = data_of(workload, repeat);
  const LeastSquares problem = problem_of(workload, data, kind, repeat);
  Outcome one{kind, workload.settings.w_bits, repeat,
              run_theorem(problem, data.pretrained, workload.settings)};
  check_proposition(problem, workload.settings.delta, one);
  return one;
}

std::vector<Outcome> run_all(Workload workload) {
  workload.settings.paths = std::min(workload.settings.paths, kMostPaths);
  std::vector<Outcome> outcomes;
  for (const RotationKind kind : workload.settings.rotations) {
    for (const int bits : kWidths) {
      workload.settings.w_bits = bits;
      for (int repeat = 0; repeat < workload.settings.seeds; ++repeat) {
        outcomes.push_back(outcome_of(workload, kind, repeat));
      }
    }
  }
  return outcomes;
}

Table rows_of(const std::vector<Outcome>& outcomes) {
  Table table{{"rotation", "w_bits", "seed", "loss", "bound_18", "largest_ratio_18", "weight_error",
               "proposition", "bound_20_or_21", "applies"},
              {}};
  for (const Outcome& one : outcomes) {
    table.rows.push_back({name_of(one.kind), double(one.bits), double(one.repeat), one.loss(),
                          one.bound(), one.run.largest_ratio(), one.weight_error,
                          one.kind == RotationKind::kNone ? "20" : "21", one.proposition,
                          double(one.run.applies)});
  }
  return table;
}

template <class Value>
std::vector<double> values_of(const std::vector<Outcome>& outcomes, RotationKind kind, int bits,
                              Value value) {
  std::vector<double> values;
  for (const Outcome& one : outcomes) {
    if (one.kind == kind && one.bits == bits) values.push_back(value(one));
  }
  return values;
}

double largest(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}

Table summary(const Settings& settings, const std::vector<Outcome>& outcomes) {
  Table table{{"rotation", "w_bits", "loss", "RHS of (18)", "worst LHS/RHS", "||e||^2", "bound",
               "from", "worst ||e||^2/bound"},
              {}};
  for (const RotationKind kind : settings.rotations) {
    for (const int bits : kWidths) {
      const auto all = [&](auto value) { return values_of(outcomes, kind, bits, value); };
      table.rows.push_back(
          {name_of(kind), double(bits), median(all([](const Outcome& o) { return o.loss(); })),
           median(all([](const Outcome& o) { return o.bound(); })),
           largest(all([](const Outcome& o) { return o.run.largest_ratio(); })),
           median(all([](const Outcome& o) { return o.weight_error; })),
           median(all([](const Outcome& o) { return o.proposition; })),
           kind == RotationKind::kNone ? "eq. (20)" : "eq. (21)",
           largest(all([](const Outcome& o) { return o.weight_error / o.proposition; }))});
    }
  }
  return table;
}

LineChart chart_of(const Workload& workload, const std::vector<Outcome>& outcomes) {
  LineChart chart{
      "Theorem 4.3 and Proposition 4.4: error over the bits of weights",
      "after step " + std::to_string(workload.settings.steps) + "; " +
          describe(workload, "W2 to W16, A" + std::to_string(workload.settings.a_bits)) +
          "; median of " + std::to_string(workload.settings.seeds) + " problems",
      {"bits of the weights, b_w"},
      {"squared error", Scale::kLog10},
      {}};
  for (const RotationKind kind : workload.settings.rotations) {
    const bool plain = kind == RotationKind::kNone;
    const char* color = plain ? kVermilion : kBlue;
    const std::string rotation = plain ? "R = I" : "R = H Diag(r)";
    const auto line = [&](const std::string& label, Stroke stroke, auto value) {
      Series series{label + ", " + rotation, color, stroke, {}};
      for (const int bits : kWidths) {
        series.points.emplace_back(bits, median(values_of(outcomes, kind, bits, value)));
      }
      chart.series.push_back(std::move(series));
    };
    line("prediction error", Stroke::kSolid, [](const Outcome& o) { return o.loss(); });
    line("weight error ||e||^2", Stroke::kDotted, [](const Outcome& o) { return o.weight_error; });
    line(plain ? "bound (20) of it" : "bound (21) of it", Stroke::kDashed,
         [](const Outcome& o) { return o.proposition; });
  }
  return chart;
}

}  // namespace

Report bits_experiment(const Workload& workload) {
  const std::vector<Outcome> outcomes = run_all(workload);
  Report report;
  report.text = "Error over the bits of weights, eqs. (18), (20), (21): after step " +
                std::to_string(workload.settings.steps) + ", medians of " +
                std::to_string(workload.settings.seeds) + " problems\n" +
                terminal_text(summary(workload.settings, outcomes), 2) + "\n";
  report.files = {{"bits.csv", csv_text(rows_of(outcomes))},
                  {"bits.svg", svg(chart_of(workload, outcomes))}};
  report.holds = std::all_of(outcomes.begin(), outcomes.end(), [](const Outcome& one) {
    return one.equation_20_holds && (!one.run.applies || one.run.holds());
  });
  return report;
}

}  // namespace least_squares
