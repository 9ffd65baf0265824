#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "reference_trainer/report/figures.h"
#include "reference_trainer/report/number_text.h"
#include "reference_trainer/report/svg_axis.h"
#include "reference_trainer/report/svg_canvas.h"

namespace trainer {
namespace {

constexpr double kTop = 34, kBar = 15, kRow = 22, kHeading = 26, kBelow = 62;
constexpr double kValueWidth = 96;  // right of the longest bar, for its number

struct Bars {
  const ReportTable& table;
  std::size_t measure;
  double left;   // where bars begin
  Ruler values;  // to pixels
};

std::size_t charted_measure(const ReportTable& table) {
  for (std::size_t i = 0; i < table.measures.size(); ++i) {
    if (table.measures[i].name == table.charted) return i;
  }
  throw std::invalid_argument("bar_chart_svg: table " + table.id + " has no measure named " +
                              table.charted);
}

double label_width(const ReportTable& table) {
  double widest = 40;
  for (const TableRow& row : table.rows) widest = std::max(widest, text_width(row.method, 12));
  return std::min(widest, 200.0) + 10;
}

// From 0, so that lengths compare, to what the longest bar, error bar or diamond needs.
ValueRange value_range(const ReportTable& table, std::size_t measure) {
  ValueRange range(AxisScale::kLinear);
  range.include(0);
  for (const TableRow& row : table.rows) {
    const TableCell& cell = row.cells.at(measure);
    if (cell.paper) range.include(*cell.paper);
    if (!cell.ours) continue;
    range.include(cell.ours->mean - cell.ours->sd);
    range.include(cell.ours->mean + cell.ours->sd);
  }
  return range;
}

bool starts_group(const ReportTable& table, std::size_t row) {
  return row == 0 || table.rows[row].setting != table.rows[row - 1].setting;
}

double rows_height(const ReportTable& table) {
  double height = 0;
  for (std::size_t i = 0; i < table.rows.size(); ++i)
    height += kRow + (starts_group(table, i) ? kHeading : 0);
  return height;
}

void draw_ours(const Bars& bars, const Estimate& e, double middle, SvgCanvas& canvas) {
  const ValueRange shown(AxisScale::kLinear);
  const Measure& measure = bars.table.measures[bars.measure];
  if (!shown.shows(e.mean)) {
    canvas.words({bars.left + 5, middle + 4}, fixed_text(e.mean, measure.decimals),
                 {12, Anchor::kStart, "soft"});
    return;
  }
  const double end = bars.values(e.mean), zero = bars.values(0);
  canvas.rectangle({std::min(zero, end), middle - kBar / 2, std::abs(end - zero), kBar}, "fill-0");
  double right = std::max(zero, end);
  std::string text = fixed_text(e.mean, measure.decimals);
  if (e.sd > 0) {
    const double low = bars.values(e.mean - e.sd), high = bars.values(e.mean + e.sd);
    canvas.line({low, middle}, {high, middle}, "mark");
    for (const double x : {low, high}) canvas.line({x, middle - 4}, {x, middle + 4}, "mark");
    right = std::max(right, high);
    text += " ± " + fixed_text(e.sd, measure.decimals);
  }
  canvas.words({right + 6, middle + 4}, text, {12});
}

void draw_paper(Point at, SvgCanvas& canvas) {
  constexpr double kHalf = 4.5;
  canvas.polygon(
      {{at.x - kHalf, at.y}, {at.x, at.y - kHalf}, {at.x + kHalf, at.y}, {at.x, at.y + kHalf}},
      "fill-1 mark", 1);
}

void draw_row(const Bars& bars, const TableRow& row, double middle, SvgCanvas& canvas) {
  canvas.words({bars.left - 8, middle + 4}, row.method, {12, Anchor::kEnd});
  const TableCell& cell = row.cells[bars.measure];
  if (cell.ours) {
    draw_ours(bars, *cell.ours, middle, canvas);
  } else {
    canvas.words({bars.left + 5, middle + 4}, "not measured", {12, Anchor::kStart, "soft"});
  }
  if (cell.paper) draw_paper({bars.values(*cell.paper), middle}, canvas);
}

void draw_scale(const Bars& bars, double bottom, SvgCanvas& canvas) {
  for (const Ruler::Tick& tick : bars.values.ticks(6)) {
    canvas.line({tick.pixel, kTop}, {tick.pixel, bottom}, "rule");
    canvas.words({tick.pixel, bottom + 16}, tick.text, {12, Anchor::kMiddle, "soft"});
  }
  const Measure& measure = bars.table.measures[bars.measure];
  const std::string unit = measure.unit.empty() ? "" : ", " + measure.unit;
  const std::string better = measure.better == Better::kLarger ? "larger" : "smaller";
  canvas.words({bars.left, bottom + 34}, measure.name + unit + " (" + better + " is better)", {12});
}

bool has_paper(const ReportTable& table, std::size_t measure) {
  return std::any_of(table.rows.begin(), table.rows.end(),
                     [&](const TableRow& row) { return row.cells[measure].paper.has_value(); });
}

}  // namespace

std::string bar_chart_svg(const ReportTable& table) {
  const std::size_t measure = charted_measure(table);
  const double left = label_width(table), bottom = kTop + rows_height(table) + 4;
  const Bars bars{table, measure, left,
                  Ruler(value_range(table, measure), 0, left, kFigureWidth - kValueWidth)};
  SvgCanvas canvas(kFigureWidth, bottom + kBelow, table.id + "-bars",
                   table.title + ": " + table.charted,
                   "Bar chart of the column " + table.charted + " of the table " + table.title);
  canvas.words({0, 18}, table.title + ": " + table.charted, {15, Anchor::kStart, "ink", 600});
  draw_scale(bars, bottom, canvas);
  double y = kTop;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (starts_group(table, i)) {
      canvas.words({0, y + kHeading - 9}, table.rows[i].setting, {12, Anchor::kStart, "soft", 600});
      y += kHeading;
    }
    draw_row(bars, table.rows[i], y + kRow / 2, canvas);
    y += kRow;
  }
  canvas.line({bars.values(0), kTop}, {bars.values(0), bottom}, "axis");
  if (has_paper(table, measure)) {
    draw_paper({left + 5, bottom + 48}, canvas);
    canvas.words({left + 16, bottom + 52}, "the paper's number, for its own model and data",
                 {12, Anchor::kStart, "soft"});
  }
  return canvas.finished();
}

}  // namespace trainer
