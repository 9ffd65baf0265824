#include <algorithm>
#include <cmath>

#include "examples/least_squares/experiments.h"
#include "examples/least_squares/figure_svg.h"
#include "examples/least_squares/table.h"
#include "examples/least_squares/theorem_run.h"

namespace least_squares {

namespace {

struct Case {
  RotationKind kind;
  int repeat;
  TheoremRun run;
};

std::vector<Case> run_cases(const Workload& workload) {
  std::vector<Case> cases;
  for (const RotationKind kind : workload.settings.rotations) {
    for (int repeat = 0; repeat < workload.settings.seeds; ++repeat) {
      const DataSet data = data_of(workload, repeat);
      const LeastSquares problem = problem_of(workload, data, kind, repeat);
      cases.push_back({kind, repeat, run_theorem(problem, data.pretrained, workload.settings)});
    }
  }
  return cases;
}

// t + 1 = 1, 2, 3, ... and T, about twenty for each power of ten.
std::vector<int> checkpoints(int steps) {
  std::vector<int> points;
  for (double t = 1; t < steps; t = std::max(t + 1, std::floor(t * 1.12))) {
    points.push_back(static_cast<int>(t));
  }
  points.push_back(steps);
  return points;
}

Table rows_of(const std::vector<Case>& cases, const std::vector<int>& points) {
  Table table{{"rotation", "seed", "step", "loss", "loss_standard_error", "weight_error",
               "bound_18", "bound_42", "ratio_18", "exact", "applies"},
              {}};
  for (const auto& [kind, repeat, run] : cases) {
    for (const int step : points) {
      const auto t = static_cast<std::size_t>(step - 1);
      const Expectation& loss = run.trajectory.loss[t + 1];
      table.rows.push_back({name_of(kind), double(repeat), double(step), loss.mean,
                            loss.standard_error, run.trajectory.weight_error[t + 1].mean,
                            run.bound[t].mean, run.proof[t], run.ratio(t),
                            double(step <= run.trajectory.exact_steps), double(run.applies)});
    }
  }
  return table;
}

// The median over the seeds of one rotation of anything that a run knows.
template <class Value>
double median_of(const std::vector<Case>& cases, RotationKind kind, Value value) {
  std::vector<double> values;
  for (const Case& one : cases) {
    if (one.kind == kind) values.push_back(value(one.run));
  }
  return median(values);
}

template <class Value>
double largest_of(const std::vector<Case>& cases, RotationKind kind, Value value) {
  double largest = 0;
  for (const Case& one : cases) {
    if (one.kind == kind) largest = std::max(largest, double(value(one.run)));
  }
  return largest;
}

template <class Value>
double count_of(const std::vector<Case>& cases, RotationKind kind, Value value) {
  return static_cast<double>(std::count_if(cases.begin(), cases.end(), [&](const Case& one) {
    return one.kind == kind && value(one.run);
  }));
}

Table constants_table(const Settings& settings, const std::vector<Case>& cases) {
  Table table{{"rotation", "lambda_min", "rho", "eta", "mu", "1/mu", "rank", "residual of 4.2",
               "4.3 applies"},
              {}};
  for (const RotationKind kind : settings.rotations) {
    const auto mid = [&](auto value) { return median_of(cases, kind, value); };
    const double mu = mid([](const TheoremRun& r) { return r.mu; });
    table.rows.push_back(
        {name_of(kind), mid([](const TheoremRun& r) { return r.constants.lambda_min; }),
         mid([](const TheoremRun& r) { return r.constants.rho; }),
         mid([](const TheoremRun& r) { return r.step_size; }), mu, 1 / mu,
         mid([](const TheoremRun& r) { return double(r.constants.rank); }),
         largest_of(cases, kind, [](const TheoremRun& r) { return r.constants.relative_residual; }),
         count_of(cases, kind, [](const TheoremRun& r) { return r.applies; })});
  }
  return table;
}

Table bound_table(const Settings& settings, const std::vector<Case>& cases) {
  Table table{{"rotation", "t+1", "LHS", "RHS", "LHS/RHS", "worst LHS/RHS", "eq. (42)"}, {}};
  std::vector<int> steps = {1, 10, 100, 1000, settings.steps};
  steps.erase(std::remove_if(steps.begin(), steps.end() - 1,
                             [&](int step) { return step >= settings.steps; }),
              steps.end() - 1);
  for (const RotationKind kind : settings.rotations) {
    for (const int step : steps) {
      const auto t = static_cast<std::size_t>(step - 1);
      const auto ratio = [t](const TheoremRun& r) { return r.ratio(t); };
      table.rows.push_back(
          {name_of(kind), double(step),
           median_of(cases, kind,
                     [t](const TheoremRun& r) { return r.trajectory.loss[t + 1].mean; }),
           median_of(cases, kind, [t](const TheoremRun& r) { return r.bound[t].mean; }),
           median_of(cases, kind, ratio), largest_of(cases, kind, ratio),
           median_of(cases, kind, [t](const TheoremRun& r) { return r.proof[t]; })});
    }
  }
  return table;
}

LineChart chart_of(const Workload& workload, const std::vector<Case>& cases,
                   const std::vector<int>& points) {
  LineChart chart{"Theorem 4.3: bound and measured error",
                  describe(workload, widths(workload.settings)) + "; median of " +
                      std::to_string(workload.settings.seeds) + " problems",
                  {"step t + 1", Scale::kLog10},
                  {"E of the squared error", Scale::kLog10},
                  {}};
  for (const RotationKind kind : workload.settings.rotations) {
    const char* color = kind == RotationKind::kNone ? kVermilion : kBlue;
    const std::string rotation = kind == RotationKind::kNone ? "R = I" : "R = H Diag(r)";
    Series loss{"measured, " + rotation, color, Stroke::kSolid, {}};
    Series proof{"bound (42), " + rotation, color, Stroke::kDotted, {}};
    Series bound{"bound (18), " + rotation, color, Stroke::kDashed, {}};
    for (const int step : points) {
      const auto t = static_cast<std::size_t>(step - 1);
      const auto add = [&](Series& series, auto value) {
        series.points.emplace_back(step, median_of(cases, kind, value));
      };
      add(loss, [t](const TheoremRun& r) { return r.trajectory.loss[t + 1].mean; });
      add(proof, [t](const TheoremRun& r) { return r.proof[t]; });
      add(bound, [t](const TheoremRun& r) { return r.bound[t].mean; });
    }
    for (Series* series : {&loss, &proof, &bound}) chart.series.push_back(std::move(*series));
  }
  return chart;
}

std::string verdict(const std::vector<Case>& cases) {
  std::size_t applies = 0, holds = 0, exact = 0;
  for (const auto& [kind, repeat, run] : cases) {
    applies += run.applies ? 1 : 0;
    holds += run.applies && run.holds() ? 1 : 0;
    exact = static_cast<std::size_t>(run.trajectory.exact_steps);
  }
  return "  eq. (18) holds at every step in " + std::to_string(holds) + " of the " +
         std::to_string(applies) + " problems to which the theorem applies (of " +
         std::to_string(cases.size()) + "); expectations are exact up to step " +
         std::to_string(exact) + ", means over paths afterwards\n";
}

}  // namespace

Report bound_experiment(const Workload& workload) {
  const Settings& settings = workload.settings;
  const std::vector<Case> cases = run_cases(workload);
  const std::vector<int> points = checkpoints(settings.steps);
  Report report;
  report.text = "Theorem 4.3, eq. (18): " + describe(workload, widths(settings)) + ", " +
                std::to_string(settings.seeds) + " problems (medians)\n" +
                terminal_text(constants_table(settings, cases), 2) + "\n" +
                terminal_text(bound_table(settings, cases), 2) + verdict(cases) + "\n";
  report.files = {{"bound.csv", csv_text(rows_of(cases, points))},
                  {"bound.svg", svg(chart_of(workload, cases, points))}};
  report.holds = std::all_of(cases.begin(), cases.end(),
                             [](const Case& one) { return !one.run.applies || one.run.holds(); });
  return report;
}

}  // namespace least_squares
