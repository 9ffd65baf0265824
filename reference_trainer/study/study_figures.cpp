#include "reference_trainer/study/study_figures.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <utility>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/json.h"

namespace trainer {
namespace {

using nlohmann::json;

// Lines of the stage's log.jsonl that are whole; of a step that occurs twice the later one counts.
std::map<std::int64_t, double> losses_in(const std::filesystem::path& file) {
  std::map<std::int64_t, double> losses;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const json record = json::parse(line, nullptr, false);
    if (!record.is_object() || !record.contains("step") || !record.contains("loss")) continue;
    if (!record.at("step").is_number_integer()) continue;
    const json& loss = record.at("loss");
    losses[record.at("step").get<std::int64_t>()] =
        loss.is_number() ? loss.get<double>() : std::numeric_limits<double>::quiet_NaN();
  }
  return losses;
}

// Fig. 3 as the stage's record.json has it; empty for methods that do not follow it.
std::vector<CurvePoint> objective_in(const std::filesystem::path& file) {
  const json record = parse_json(read_file(file, "CK-08"), {file.string(), "CK-11"});
  std::vector<CurvePoint> points;
  if (!record.contains("objective")) return points;
  try {
    for (const json& point : record.at("objective"))
      points.push_back({point.at("step").get<double>(), point.at("absolute").get<double>()});
  } catch (const json::exception& e) {
    throw_bad_input({"CK-11", file.string() + ":/objective", e.what(), "steps and their objective",
                     "remove the directory: the cell is then computed again"});
  }
  return points;
}

// Means over at most this many equal parts of a training, the last of them perhaps shorter: single
// batches scatter.
constexpr std::size_t kCurvePoints = 60;

std::vector<CurvePoint> smoothed(const std::map<std::int64_t, double>& losses) {
  std::vector<CurvePoint> points;
  const std::size_t per_point = (losses.size() + kCurvePoints - 1) / kCurvePoints;
  double sum = 0;
  std::size_t n = 0;
  for (const auto& [step, loss] : losses) {
    sum += loss;
    if (++n < per_point && step != losses.rbegin()->first) continue;
    points.push_back({static_cast<double>(step), sum / static_cast<double>(n)});
    sum = 0;
    n = 0;
  }
  return points;
}

// The results of the first seed at one model and setting; methods in full precision belong to all.
struct Panel {
  std::string model, setting;
  std::vector<const CellResult*> results;
};

std::vector<Panel> panels_of(const std::vector<CellResult>& results) {
  std::vector<Panel> panels;
  for (const CellResult& r : results) {
    if (facts_of(r.cell.method).precision == Precision::kFull || r.cell.seed != 0) continue;
    const std::string setting = setting_name(r.cell.quant);
    const bool known = std::ranges::any_of(
        panels, [&](const Panel& p) { return p.model == r.cell.model && p.setting == setting; });
    if (!known) panels.push_back({r.cell.model, setting, {}});
  }
  for (Panel& panel : panels) {
    for (const CellResult& r : results) {
      const bool full = facts_of(r.cell.method).precision == Precision::kFull;
      if (r.cell.model == panel.model && r.cell.seed == 0 &&
          (full || setting_name(r.cell.quant) == panel.setting))
        panel.results.push_back(&r);
    }
  }
  return panels;
}

std::string id_of(const char* what, const Panel& panel) {
  return std::string(what) + "-" + panel.model + "-" + panel.setting;
}

CurveFigure loss_figure(const std::filesystem::path& study, const Panel& panel) {
  CurveFigure figure{id_of("loss", panel),
                     "Loss in training, " + panel.model + " " + panel.setting,
                     "",
                     "Seed 0; means over neighbouring steps.",
                     {"optimizer step"},
                     {"loss, nats per token", AxisScale::kLog10},
                     {}};
  for (const CellResult* r : panel.results) {
    if (facts_of(r->cell.method).training != Training::kFineTuning) continue;
    const std::string log = r->directory + "/log.jsonl";
    const std::vector<CurvePoint> points = smoothed(losses_in(study / log));
    if (!points.empty()) figure.curves.push_back({method_label(r->cell), points, {log}});
  }
  return figure;
}

CurveFigure objective_figure(const std::filesystem::path& study, const Panel& panel) {
  CurveFigure figure{id_of("error", panel),
                     "Quantization error in training, " + panel.model + " " + panel.setting,
                     "Fig. 3",
                     "Objective (12) of the weights of the moment under the rotations in force, "
                     "summed over calibration samples; seed 0.",
                     {"optimizer step"},
                     {"objective (12)", AxisScale::kLog10},
                     {}};
  for (const CellResult* r : panel.results) {
    const std::vector<CurvePoint> points = objective_in(study / r->directory / "record.json");
    if (points.empty()) continue;
    figure.curves.push_back({method_label(r->cell), points, {r->directory + "/record.json"}});
  }
  return figure;
}

RotationGrid grid_of(const CellResult& r) {
  RotationGrid grid{method_label(r.cell) + ", " + r.cell.model + " " + setting_name(r.cell.quant) +
                        ", seed " + std::to_string(r.cell.seed),
                    {},
                    r.directory};
  for (const std::string& digits : r.rotations) {
    std::array<GridMark, 4> turns{};
    for (std::size_t i = 0; i < 4; ++i)
      turns[i] = digits[i] == '1' ? GridMark::kHadamard : GridMark::kIdentity;
    grid.layers.push_back(turns);
  }
  return grid;
}

std::size_t index_of(std::int64_t layer, Site site) {
  return static_cast<std::size_t>(layer) * kSites.size() + static_cast<std::size_t>(site);
}

ActivationFigure activation_figure(const StartViews& views, std::int64_t layer, Site site) {
  const SiteMap& map = views.sites.maps[index_of(layer, site)];
  ActivationFigure figure{
      "activations-" + views.model + "-" + std::to_string(layer) + "-" + site_name(site),
      "Magnitudes of " + std::string(site_name(site)) + ", layer " + std::to_string(layer) + ", " +
          views.model,
      "Figs. 2 and 5",
      "|x| by token and channel of one calibration post, before and after its Hadamard rotation.",
      layer,
      site_name(site),
      {}};
  figure.maps.push_back({"before rotation", map.tokens, map.channels, map.before, ""});
  figure.maps.push_back({"after rotation", map.tokens, map.channels, map.after, ""});
  return figure;
}

// 1 - after / before; nothing to reduce counts as no reduction.
double reduction(double before, double after) { return before > 0 ? 1 - after / before : 0; }

ReductionFigure reduction_figure(const StartViews& views) {
  ReductionFigure figure{"reduction-" + views.model + "-" + views.setting,
                         "What rotations change, " + views.model + " " + views.setting,
                         "Fig. 6",
                         "Relative reduction of each term of eq. (12), and of the mean range of a "
                         "quantization group, by the rotations that act there.",
                         {},
                         {}};
  for (const ErrorTerm& term : views.errors.terms) {
    SiteReduction site{
        static_cast<std::int64_t>(term.layer), term.tensor,
        reduction(term.at(RotationMask()).squared_error, term.at(RotationMask(15)).squared_error),
        std::nullopt};
    for (const Site s : kSites) {
      if (term.tensor != site_name(s)) continue;
      const SiteRange& range = views.sites.ranges[index_of(site.layer, s)];
      site.range = reduction(range.before, range.after);
    }
    figure.sites.push_back(std::move(site));
  }
  return figure;
}

void keep_if_drawn(CurveFigure figure, std::vector<CurveFigure>& figures) {
  if (!figure.curves.empty()) figures.push_back(std::move(figure));
}

}  // namespace

void add_curves(const std::filesystem::path& study, const std::vector<CellResult>& results,
                Report& report) {
  for (const Panel& panel : panels_of(results)) {
    keep_if_drawn(loss_figure(study, panel), report.losses);
    keep_if_drawn(objective_figure(study, panel), report.objectives);
  }
}

void add_rotations(const std::vector<CellResult>& results, Report& report) {
  for (const CellResult& r : results) {
    const bool adaptive =
        r.cell.method == Method::kRoste || r.cell.method == Method::kRostePerLayer;
    if (adaptive && !r.rotations.empty()) report.rotations.push_back(grid_of(r));
  }
}

void add_views(const StartViews& views, Report& report) {
  const auto layers = static_cast<std::int64_t>(views.sites.maps.size() / kSites.size());
  for (const Site site : {Site::kQkvInput, Site::kKey, Site::kDownInput})
    report.activations.push_back(activation_figure(views, layers / 2, site));
  report.reductions.push_back(reduction_figure(views));
}

}  // namespace trainer
