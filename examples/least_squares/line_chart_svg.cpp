#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "examples/least_squares/figure_svg.h"
#include "examples/least_squares/svg_canvas.h"
#include "examples/least_squares/table.h"

namespace least_squares {

namespace {

constexpr double kWidth = 760, kPlotHeight = 340;
constexpr double kLeft = 84, kRight = 24, kTop = 66, kBelow = 58;  // around the plot
constexpr double kLegendLine = 20;
const Pen kGridPen{"#E4E4E4", 1, ""};
const Pen kAxisPen{"#444444", 1, ""};

double unscaled(Scale scale, double value) {
  if (scale == Scale::kLog10) return std::log10(value);
  return scale == Scale::kLog2 ? std::log2(value) : value;
}

bool shown(Scale scale, double value) {
  return std::isfinite(value) && (scale == Scale::kLinear || value > 0);
}

// Where the values of one axis lie on the sheet.
struct Ruler {
  Scale scale;
  double low, high;    // of the unscaled values
  double start, stop;  // in pixels
  double operator()(double value) const {
    return start + (unscaled(scale, value) - low) / (high - low) * (stop - start);
  }
};

double coordinate(const std::pair<double, double>& point, int axis) {
  return axis == 0 ? point.first : point.second;
}

// A logarithmic y axis begins and ends at whole powers.
Ruler fitted_ruler(const LineChart& chart, int axis, double start, double stop) {
  const Scale scale = axis == 0 ? chart.x.scale : chart.y.scale;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Series& series : chart.series) {
    for (const auto& point : series.points) {
      if (!shown(chart.x.scale, point.first) || !shown(chart.y.scale, point.second)) continue;
      low = std::min(low, unscaled(scale, coordinate(point, axis)));
      high = std::max(high, unscaled(scale, coordinate(point, axis)));
    }
  }
  if (!(low <= high)) low = high = 0;
  if (axis == 1 && scale == Scale::kLog10) low = std::floor(low), high = std::ceil(high);
  if (high == low) high = low + 1;
  return {scale, low, high, start, stop};
}

// 1, 2 or 5 times a power of ten, so that there are at most about eight steps.
double tick_step(const Ruler& ruler) {
  const double rough = (ruler.high - ruler.low) / 8;
  if (ruler.scale != Scale::kLinear) return std::max(1.0, std::ceil(rough));
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

std::vector<double> ticks(const Ruler& ruler) {
  std::vector<double> values;
  const double step = tick_step(ruler);
  const double first = std::ceil(ruler.low / step - 1e-9);
  for (double k = first; k * step <= ruler.high + step * 1e-9; ++k) {
    const double unscaled_value = k * step;
    if (ruler.scale == Scale::kLog10) values.push_back(std::pow(10, unscaled_value));
    if (ruler.scale == Scale::kLog2) values.push_back(std::exp2(unscaled_value));
    if (ruler.scale == Scale::kLinear) values.push_back(unscaled_value);
  }
  return values;
}

// 0.1, 1, 10 as they are, other powers of ten as 10 with an exponent.
std::string tick_text(const Ruler& ruler, double value) {
  const long power = std::lround(std::log10(value));
  if (ruler.scale != Scale::kLog10 || std::labs(power) < 2) return number_text(value, 3);
  constexpr const char* kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text = power < 0 ? "10⁻" : "10";
  for (const char digit : std::to_string(std::labs(power))) text += kDigits[digit - '0'];
  return text;
}

void draw_axes(const LineChart& chart, const Ruler& x, const Ruler& y, Canvas& canvas) {
  for (const double value : ticks(x)) {
    canvas.line(x(value), y.stop, x(value), y.start, kGridPen);
    canvas.words(x(value), y.start + 20, tick_text(x, value), {12, Anchor::kMiddle});
  }
  for (const double value : ticks(y)) {
    canvas.line(x.start, y(value), x.stop, y(value), kGridPen);
    canvas.words(x.start - 8, y(value) + 4, tick_text(y, value), {12, Anchor::kEnd});
  }
  canvas.line(x.start, y.start, x.stop, y.start, kAxisPen);
  canvas.line(x.start, y.stop, x.start, y.start, kAxisPen);
  canvas.words((x.start + x.stop) / 2, y.start + 44, chart.x.label, {13, Anchor::kMiddle});
  canvas.vertical_words(20, (y.start + y.stop) / 2, chart.y.label, {13, Anchor::kMiddle});
}

Pen pen_of(const Series& series) {
  const char* dashes = series.stroke == Stroke::kDashed   ? "7 4"
                       : series.stroke == Stroke::kDotted ? "2 4"
                                                          : "";
  return {series.color, 2.2, dashes};
}

// Few points are also marked one by one.
void draw_series(const Series& series, const Ruler& x, const Ruler& y, Canvas& canvas) {
  std::string points;
  for (const auto& [px, py] : series.points) {
    if (!shown(x.scale, px) || !shown(y.scale, py)) continue;
    points += pixels(x(px)) + "," + pixels(y(py)) + " ";
    if (series.points.size() <= 24) canvas.disc(x(px), y(py), 3.2, series.color);
  }
  canvas.polyline(points, pen_of(series));
}

// Two columns: what belongs together stands below each other.
void draw_legend(const LineChart& chart, double top, Canvas& canvas) {
  const std::size_t lines = (chart.series.size() + 1) / 2;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const double x = kLeft + static_cast<double>(i / lines) * (kWidth - kLeft) / 2;
    const double y = top + kLegendLine * static_cast<double>(i % lines);
    canvas.line(x, y - 4, x + 30, y - 4, pen_of(chart.series[i]));
    canvas.words(x + 38, y, chart.series[i].label, {13});
  }
}

}  // namespace

std::string svg(const LineChart& chart) {
  const double legend_top = kTop + kPlotHeight + kBelow + kLegendLine;
  const double lines = std::ceil(static_cast<double>(chart.series.size()) / 2);
  Canvas canvas(kWidth, legend_top + kLegendLine * lines);
  canvas.words(kLeft, 28, chart.title, {17, Anchor::kStart, "#111111", 600});
  canvas.words(kLeft, 48, chart.subtitle, {12, Anchor::kStart, kGrey});
  const Ruler x = fitted_ruler(chart, 0, kLeft, kWidth - kRight);
  const Ruler y = fitted_ruler(chart, 1, kTop + kPlotHeight, kTop);
  draw_axes(chart, x, y, canvas);
  for (const Series& series : chart.series) draw_series(series, x, y, canvas);
  draw_legend(chart, legend_top, canvas);
  return canvas.finished();
}

}  // namespace least_squares
