#include <algorithm>
#include <cmath>
#include <map>

#include "reference_trainer/report/figures.h"
#include "reference_trainer/report/svg_axis.h"
#include "reference_trainer/report/svg_canvas.h"
#include "reference_trainer/report/svg_legend.h"

namespace trainer {
namespace {

constexpr double kPlotHeight = 250, kLeft = 62, kRight = 14, kTop = 38, kBelow = 52;
constexpr std::size_t kMarkedPoints = 24;  // curves of so few points show each of them

struct Rulers {
  Ruler x, y;
};

double lower(const CurvePoint& p) { return p.y - p.sd; }
double upper(const CurvePoint& p) { return p.y + p.sd; }

Rulers fitted_rulers(const CurveFigure& figure) {
  ValueRange x(figure.x.scale), y(figure.y.scale);
  for (const Curve& curve : figure.curves) {
    for (const CurvePoint& p : curve.points) {
      if (!x.shows(p.x) || !y.shows(p.y)) continue;
      x.include(p.x);
      for (const double value : {p.y, lower(p), upper(p)}) y.include(value);
    }
  }
  return {Ruler(x, 0.01, kLeft, kFigureWidth - kRight), Ruler(y, 0.04, kTop + kPlotHeight, kTop)};
}

void draw_axes(const CurveFigure& figure, const Rulers& rulers, SvgCanvas& canvas) {
  const double bottom = rulers.y.start(), left = rulers.x.start(), right = rulers.x.stop();
  for (const Ruler::Tick& tick : rulers.x.ticks(7)) {
    canvas.line({tick.pixel, kTop}, {tick.pixel, bottom}, "rule");
    canvas.words({tick.pixel, bottom + 17}, tick.text, {12, Anchor::kMiddle, "soft"});
  }
  for (const Ruler::Tick& tick : rulers.y.ticks(6)) {
    canvas.line({left, tick.pixel}, {right, tick.pixel}, "rule");
    canvas.words({left - 7, tick.pixel + 4}, tick.text, {12, Anchor::kEnd, "soft"});
  }
  canvas.line({left, bottom}, {right, bottom}, "axis");
  canvas.words({(left + right) / 2, bottom + 37}, figure.x.label, {12, Anchor::kMiddle, "ink"});
  canvas.turned_words({14, kTop + kPlotHeight / 2}, -90, figure.y.label,
                      {12, Anchor::kMiddle, "ink"});
}

// A stretch of a curve without a gap.
using Stretch = std::vector<CurvePoint>;

std::vector<Stretch> stretches(const Curve& curve, const CurveFigure& figure) {
  const ValueRange x(figure.x.scale), y(figure.y.scale);
  std::vector<Stretch> result(1);
  for (const CurvePoint& p : curve.points) {
    if (x.shows(p.x) && y.shows(p.y)) {
      result.back().push_back(p);
    } else if (!result.back().empty()) {
      result.emplace_back();
    }
  }
  if (result.back().empty()) result.pop_back();
  return result;
}

// First, lowest, highest and last point of every pixel column: the same picture (Jugel et al., "M4:
// a visualization-oriented time series data aggregation", 2014).
std::vector<Point> thinned(const std::vector<Point>& points) {
  std::vector<Point> result;
  for (std::size_t begin = 0, end; begin < points.size(); begin = end) {
    end = begin + 1;
    while (end < points.size() && std::floor(points[end].x) == std::floor(points[begin].x)) ++end;
    const auto by_y = [](const Point& a, const Point& b) { return a.y < b.y; };
    const auto extremes =
        std::minmax_element(points.begin() + static_cast<std::ptrdiff_t>(begin),
                            points.begin() + static_cast<std::ptrdiff_t>(end), by_y);
    std::size_t kept[] = {begin, static_cast<std::size_t>(extremes.first - points.begin()),
                          static_cast<std::size_t>(extremes.second - points.begin()), end - 1};
    std::sort(std::begin(kept), std::end(kept));
    for (const std::size_t* k = std::begin(kept); k != std::unique(kept, std::end(kept)); ++k)
      result.push_back(points[*k]);
  }
  return result;
}

void draw_band(const Stretch& stretch, const Rulers& rulers, const std::string& classes,
               SvgCanvas& canvas) {
  if (std::none_of(stretch.begin(), stretch.end(), [](const auto& p) { return p.sd > 0; })) return;
  // On a logarithmic axis a band that reaches 0 ends at the axis.
  const auto y = [&](double value) {
    const double pixel = rulers.y(value);
    return std::isfinite(pixel) ? std::clamp(pixel, kTop, rulers.y.start()) : rulers.y.start();
  };
  std::vector<Point> outline;
  for (const CurvePoint& p : stretch) outline.push_back({rulers.x(p.x), y(upper(p))});
  for (std::size_t i = stretch.size(); i-- > 0;)
    outline.push_back({rulers.x(stretch[i].x), y(lower(stretch[i]))});
  canvas.polygon(outline, classes, 0.18);
}

void draw_curve(const CurveFigure& figure, std::size_t index, const Rulers& rulers,
                SvgCanvas& canvas) {
  const Curve& curve = figure.curves[index];
  for (const Stretch& stretch : stretches(curve, figure)) {
    draw_band(stretch, rulers, fill_class(index), canvas);
    std::vector<Point> points;
    for (const CurvePoint& p : stretch) points.push_back({rulers.x(p.x), rulers.y(p.y)});
    canvas.polyline(thinned(points), line_class(index));
    // A line of one point would not be seen.
    if (curve.points.size() > kMarkedPoints && points.size() > 1) continue;
    for (const Point& p : points) canvas.disc(p, 3, fill_class(index));
  }
}

void draw_legend(const std::vector<LegendItem>& items, double top, SvgCanvas& canvas) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const double x = kLeft + items[i].x, y = top + items[i].y + kLegendLine / 2;
    canvas.polyline({{x, y}, {x + kLegendSample, y}}, line_class(i));
    canvas.words({x + kLegendSample + kLegendGap, y + 4}, items[i].name, {12});
  }
}

std::string description(const CurveFigure& figure) {
  std::string names;
  for (const Curve& curve : figure.curves) names += (names.empty() ? "" : "; ") + curve.name;
  return "Line chart of " + figure.y.label + " against " + figure.x.label + ": " + names;
}

}  // namespace

std::string line_chart_svg(const CurveFigure& figure) {
  std::vector<std::string> names;
  for (const Curve& curve : figure.curves) names.push_back(curve.name);
  const std::vector<LegendItem> legend = legend_items(names, kFigureWidth - kLeft - kRight);
  const double legend_top = kTop + kPlotHeight + kBelow;
  SvgCanvas canvas(kFigureWidth, legend_top + legend_height(legend) + 4, figure.id, figure.title,
                   description(figure));
  canvas.words({0, 18}, figure.title, {15, Anchor::kStart, "ink", 600});
  const Rulers rulers = fitted_rulers(figure);
  draw_axes(figure, rulers, canvas);
  for (std::size_t i = 0; i < figure.curves.size(); ++i) draw_curve(figure, i, rulers, canvas);
  draw_legend(legend, legend_top, canvas);
  return canvas.finished();
}

}  // namespace trainer
