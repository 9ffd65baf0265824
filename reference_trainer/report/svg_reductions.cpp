#include <algorithm>
#include <cmath>

#include "reference_trainer/report/figures.h"
#include "reference_trainer/report/number_text.h"
#include "reference_trainer/report/svg_canvas.h"

namespace trainer {
namespace {

constexpr double kTop = 34;
constexpr double kLayerRow = 22, kTensorLabels = 104, kLayerLabels = 58, kHeading = 22;
constexpr double kDeepest = 0.6;  // opacity of the strongest colour: text stays readable on it

std::vector<std::string> tensors_of(const ReductionFigure& figure) {
  std::vector<std::string> names;
  for (const SiteReduction& site : figure.sites) {
    if (std::find(names.begin(), names.end(), site.tensor) == names.end())
      names.push_back(site.tensor);
  }
  return names;
}

std::int64_t layers_of(const ReductionFigure& figure) {
  std::int64_t layers = 0;
  for (const SiteReduction& site : figure.sites) layers = std::max(layers, site.layer + 1);
  return layers;
}

// A grid of percentages: layers downwards, tensors to the right.
struct PercentGrid {
  const std::vector<std::string>& tensors;
  std::int64_t layers;
  double top, cell_width;
};

void draw_frame(const PercentGrid& grid, const std::string& heading, SvgCanvas& canvas) {
  canvas.words({0, grid.top + 14}, heading, {12, Anchor::kStart, "ink", 600});
  for (std::size_t i = 0; i < grid.tensors.size(); ++i) {
    const double x = kLayerLabels + grid.cell_width * (static_cast<double>(i) + 0.5) + 4;
    canvas.turned_words({x, grid.top + kHeading + kTensorLabels - 6}, -50, grid.tensors[i], {11});
  }
  for (std::int64_t layer = 0; layer < grid.layers; ++layer) {
    const double y = grid.top + kHeading + kTensorLabels + kLayerRow * static_cast<double>(layer);
    canvas.words({kLayerLabels - 8, y + 15}, "layer " + std::to_string(layer),
                 {11, Anchor::kEnd, "soft"});
  }
}

void draw_percent(const PercentGrid& grid, const SiteReduction& site, double reduction,
                  SvgCanvas& canvas) {
  const auto found = std::find(grid.tensors.begin(), grid.tensors.end(), site.tensor);
  const double x =
      kLayerLabels + grid.cell_width * static_cast<double>(found - grid.tensors.begin());
  const double y =
      grid.top + kHeading + kTensorLabels + kLayerRow * static_cast<double>(site.layer);
  const double strength = std::isfinite(reduction) ? std::min(std::abs(reduction), 1.0) : 0;
  canvas.rectangle({x + 1, y + 1, grid.cell_width - 2, kLayerRow - 2},
                   reduction >= 0 ? "fill-0" : "fill-1", kDeepest * strength);
  std::string text = fixed_text(100 * reduction, 0);
  if (text == "-0") text = "0";
  if (text.starts_with('-')) text.replace(0, 1, "−");
  canvas.words({x + grid.cell_width / 2, y + 15}, text, {11, Anchor::kMiddle});
}

}  // namespace

std::string reduction_svg(const ReductionFigure& figure) {
  const std::vector<std::string> tensors = tensors_of(figure);
  const std::int64_t layers = layers_of(figure);
  const bool ranges = std::any_of(figure.sites.begin(), figure.sites.end(),
                                  [](const SiteReduction& s) { return s.range.has_value(); });
  const double height = kHeading + kTensorLabels + kLayerRow * static_cast<double>(layers) + 12;
  const double label_room = 46;  // the last label leans to the right
  const double cell = std::min((kFigureWidth - kLayerLabels - label_room) /
                                   std::max(static_cast<double>(tensors.size()), 1.0),
                               60.0);
  SvgCanvas canvas(kFigureWidth, kTop + height * (ranges ? 2 : 1), figure.id, figure.title,
                   "Grid of reductions in percent, layers by tensors");
  canvas.words({0, 18}, figure.title, {15, Anchor::kStart, "ink", 600});
  const PercentGrid errors{tensors, layers, kTop, cell};
  draw_frame(errors, "Quantization error, reduction in %", canvas);
  for (const SiteReduction& site : figure.sites) draw_percent(errors, site, site.error, canvas);
  if (ranges) {
    const PercentGrid grid{tensors, layers, kTop + height, cell};
    draw_frame(grid, "Dynamic range, reduction in %", canvas);
    for (const SiteReduction& site : figure.sites) {
      if (site.range) draw_percent(grid, site, *site.range, canvas);
    }
  }
  return canvas.finished();
}

}  // namespace trainer
