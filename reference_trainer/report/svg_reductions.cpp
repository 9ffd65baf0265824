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

std::vector<std::string> tensors_of(const std::vector<SiteReduction>& sites) {
  std::vector<std::string> names;
  for (const SiteReduction& site : sites) {
    if (std::find(names.begin(), names.end(), site.tensor) == names.end())
      names.push_back(site.tensor);
  }
  return names;
}

std::int64_t layers_of(const std::vector<SiteReduction>& sites) {
  std::int64_t layers = 0;
  for (const SiteReduction& site : sites) layers = std::max(layers, site.layer + 1);
  return layers;
}

// A grid of percentages: layers downwards, tensors to the right.
struct PercentGrid {
  std::vector<std::string> tensors;
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

void draw_percent(const PercentGrid& grid, const SiteReduction& site, SvgCanvas& canvas) {
  const auto found = std::find(grid.tensors.begin(), grid.tensors.end(), site.tensor);
  const double x =
      kLayerLabels + grid.cell_width * static_cast<double>(found - grid.tensors.begin());
  const double y =
      grid.top + kHeading + kTensorLabels + kLayerRow * static_cast<double>(site.layer);
  const double strength = std::isfinite(site.error) ? std::min(std::abs(site.error), 1.0) : 0;
  canvas.rectangle({x + 1, y + 1, grid.cell_width - 2, kLayerRow - 2},
                   site.error >= 0 ? "fill-0" : "fill-1", kDeepest * strength);
  std::string text = fixed_text(100 * site.error, 0);
  if (text == "-0") text = "0";
  if (text.starts_with('-')) text.replace(0, 1, "−");
  canvas.words({x + grid.cell_width / 2, y + 15}, text, {11, Anchor::kMiddle});
}

void draw_grid(const PercentGrid& grid, const std::string& heading,
               const std::vector<SiteReduction>& sites, SvgCanvas& canvas) {
  draw_frame(grid, heading, canvas);
  for (const SiteReduction& site : sites) draw_percent(grid, site, canvas);
}

double grid_height(std::int64_t layers) {
  return kHeading + kTensorLabels + kLayerRow * static_cast<double>(layers) + 12;
}

// Both grids have the cells of the wider one.
double cell_width(std::size_t tensors) {
  constexpr double kLastLabel = 46;  // leans beyond its column
  const double room = kFigureWidth - kLayerLabels - kLastLabel;
  return std::min(room / std::max(static_cast<double>(tensors), 1.0), 60.0);
}

}  // namespace

std::string reduction_svg(const ReductionFigure& figure) {
  std::vector<SiteReduction> ranges;  // sites that have one, as their error
  for (const SiteReduction& site : figure.sites) {
    if (site.range) ranges.push_back({site.layer, site.tensor, *site.range, std::nullopt});
  }
  PercentGrid grid{tensors_of(figure.sites), layers_of(figure.sites), kTop, 0};
  grid.cell_width = cell_width(grid.tensors.size());
  const double height = grid_height(grid.layers);
  SvgCanvas canvas(kFigureWidth, kTop + height * (ranges.empty() ? 1 : 2), figure.id, figure.title,
                   "Grid of reductions in percent, layers by tensors");
  canvas.words({0, 18}, figure.title, {15, Anchor::kStart, "ink", 600});
  draw_grid(grid, "Quantization error, reduction in %", figure.sites, canvas);
  if (ranges.empty()) return canvas.finished();
  const PercentGrid below{tensors_of(ranges), layers_of(ranges), kTop + height, grid.cell_width};
  draw_grid(below, "Dynamic range, reduction in %", ranges, canvas);
  return canvas.finished();
}

}  // namespace trainer
