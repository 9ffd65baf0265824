#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "reference_trainer/study/study_figures.h"

namespace trainer {
namespace {

bool is_uniform(const QuantConfig& q) {
  return q.weight.bits == q.activation.bits && q.weight.bits == q.kv.bits;
}

// Which results belong to a sweep, to which of its curves, and where on its x axis.
struct SweepRule {
  std::function<bool(const CellResult&)> belongs;
  std::function<std::string(const CellResult&)> curve;
  std::function<double(const CellResult&)> x;
};

CurveFigure sweep(std::string id, std::string title, const char* x) {
  CurveFigure figure;
  figure.id = std::move(id);
  figure.title = std::move(title);
  figure.caption = "Test loss: mean over seeds; the band is one standard deviation.";
  figure.x.label = x;
  figure.y = {"test loss, nats per token", AxisScale::kLog10};
  return figure;
}

// The results of a curve, by their x.
using CurveGroups = std::map<double, std::vector<const CellResult*>>;

Curve curve_of(const std::string& name, const CurveGroups& groups) {
  Curve curve{name, {}, {}};
  for (const auto& [x, group] : groups) {
    std::vector<double> losses;
    for (const CellResult* r : group) {
      if (std::isnan(r->test_loss)) continue;
      losses.push_back(r->test_loss);
      curve.sources.push_back(r->directory);
    }
    if (losses.empty()) continue;
    const Estimate e = estimate_of(losses);
    curve.points.push_back({x, e.mean, e.sd});
  }
  return curve;
}

// A curve for every name that has two points, where there are `least` different x.
void add_curves_by(CurveFigure& figure, const std::vector<CellResult>& results,
                   const SweepRule& rule, std::size_t least) {
  std::map<std::string, CurveGroups> curves;
  std::set<double> all;
  for (const CellResult& r : results) {
    if (!rule.belongs(r)) continue;
    curves[rule.curve(r)][rule.x(r)].push_back(&r);
    all.insert(rule.x(r));
  }
  if (all.size() < least) return;
  for (const auto& [name, groups] : curves) {
    if (groups.size() > 1) figure.curves.push_back(curve_of(name, groups));
  }
}

std::set<std::string> models_of(const std::vector<CellResult>& results) {
  std::set<std::string> models;
  for (const CellResult& r : results) models.insert(r.cell.model);
  return models;
}

// Fewer settings are read from the table as easily.
constexpr std::size_t kLeastBits = 3;

CurveFigure bits_figure(const std::string& model, const std::vector<CellResult>& results) {
  CurveFigure bits =
      sweep("bits-" + model, "Bits of weights, activations and cache, " + model, "bits");
  add_curves_by(bits, results,
                {[&](const CellResult& r) {
                   return r.cell.model == model && r.cell.rounds == 1 && is_uniform(r.cell.quant) &&
                          r.cell.quant.weight.enabled();
                 },
                 [](const CellResult& r) { return method_label(r.cell); },
                 [](const CellResult& r) { return static_cast<double>(r.cell.quant.weight.bits); }},
                kLeastBits);
  return bits;
}

void keep_if_drawn(CurveFigure figure, Report& report) {
  if (!figure.curves.empty()) report.sweeps.push_back(std::move(figure));
}

}  // namespace

void add_sweeps(const std::vector<CellResult>& results, Report& report) {
  for (const std::string& model : models_of(results))
    keep_if_drawn(bits_figure(model, results), report);
  CurveFigure rounds = sweep("rounds", "Outer rounds of Algorithm 1", "K");
  add_curves_by(
      rounds, results,
      {[](const CellResult& r) { return r.cell.method == Method::kRoste; },
       [](const CellResult& r) { return r.cell.model + " " + setting_name(r.cell.quant); },
       [](const CellResult& r) { return static_cast<double>(r.cell.rounds); }},
      2);
  keep_if_drawn(std::move(rounds), report);
}

}  // namespace trainer
