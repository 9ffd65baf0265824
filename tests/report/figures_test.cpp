#include "reference_trainer/report/figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <regex>
#include <set>

#include "reference_trainer/report/heat_map_pixels.h"
#include "reference_trainer/report/svg_canvas.h"
#include "tests/report/demo_report.h"

namespace trainer {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::smatch> matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  return {std::sregex_iterator(text.begin(), text.end(), regex), std::sregex_iterator()};
}

// Points of every polyline, as written: "x,y x,y".
std::vector<std::string> polylines(const std::string& svg) {
  std::vector<std::string> points;
  for (const std::smatch& m : matches(svg, "<polyline points=\"([^\"]*)\"")) points.push_back(m[1]);
  return points;
}

CurveFigure chart(std::vector<CurvePoint> points, AxisScale y = AxisScale::kLinear) {
  return {
      "id", "Title", "", "", {"step", AxisScale::kLinear}, {"loss", y}, {{"curve", points, {}}}};
}

TEST(Canvas, TextsAreEscaped) {
  EXPECT_EQ(escaped_markup("<a href=\"x\" & 'y'>"),
            "&lt;a href=&quot;x&quot; &amp; &#39;y&#39;&gt;");
  EXPECT_EQ(escaped_markup("é € 𝄞"), "é € 𝄞");
  EXPECT_EQ(escaped_markup(std::string("a\0\x1b"
                                       "b\tc",
                                       6)),
            "a\ufffd\ufffdb\tc");
  EXPECT_EQ(escaped_markup("\xff|\xc3|\xe2\x82|\xed\xa0\x80|\xc0\xaf|\xef\xbf\xbf"),
            "\ufffd|\ufffd|\ufffd\ufffd|\ufffd\ufffd\ufffd|\ufffd\ufffd|\ufffd\ufffd\ufffd");
}

TEST(Canvas, PixelsHaveATenthAtMost) {
  EXPECT_EQ(pixels(12), "12");
  EXPECT_EQ(pixels(0.25), "0.3");
  EXPECT_EQ(pixels(-0.04), "0");
  EXPECT_EQ(pixels(-1.5), "-1.5");
}

TEST(Canvas, AFileHasItsStyle) {
  const std::string svg = standalone_svg(line_chart_svg(chart({{0, 1}, {1, 2}})));
  EXPECT_THAT(svg, HasSubstr("<style>"));
  EXPECT_THAT(svg, HasSubstr("prefers-color-scheme:dark"));
  EXPECT_LT(svg.find("<svg"), svg.find("<style>"));
}

// The plot is 62 ... 546 wide and 38 ... 288 high; margins are 1 % of x and 4 % of y.
TEST(LineChart, PointsLieWhereTheyBelong) {
  const std::vector<std::string> lines =
      polylines(line_chart_svg(chart({{0, 0}, {5, 1}, {10, 2}})));
  ASSERT_EQ(lines.size(), 2u);  // the curve and its sample in the legend
  EXPECT_EQ(lines[0], "66.7,278.7 304,163 541.3,47.3");
}

TEST(LineChart, ValuesThatAreNoneLeaveAGap) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(polylines(line_chart_svg(chart({{0, 1}, {1, 2}, {2, nan}, {3, 2}, {4, 1}}))).size(),
            3u);
  EXPECT_EQ(polylines(line_chart_svg(chart({{0, 1}, {1, 0}, {2, 3}}, AxisScale::kLog10))).size(),
            3u);
  EXPECT_EQ(polylines(line_chart_svg(chart({}))).size(), 1u);
  EXPECT_EQ(polylines(line_chart_svg(chart({{0, nan}, {1, nan}}))).size(), 1u);
}

TEST(LineChart, BandsAreDrawnWhereThereIsADeviation) {
  EXPECT_THAT(line_chart_svg(chart({{0, 1, 0}, {1, 2, 0}})), Not(HasSubstr("<polygon")));
  const std::string svg = line_chart_svg(chart({{0, 1, 0.5}, {1, 1, 0.5}}));
  const auto band = matches(svg, "<polygon points=\"([^\"]*)\"");
  ASSERT_EQ(band.size(), 1u);
  EXPECT_EQ(band[0][1], "66.7,47.3 541.3,47.3 541.3,278.7 66.7,278.7");
  // Down to the axis where the lower end has no logarithm.
  EXPECT_THAT(line_chart_svg(chart({{0, 1, 2}, {1, 1, 2}}, AxisScale::kLog10)),
              Not(HasSubstr("nan")));
}

// A spike of one step in 100000 stays, and the picture does not grow with the steps.
TEST(LineChart, LongCurvesKeepTheirExtremes) {
  std::vector<CurvePoint> points;
  for (int i = 0; i < 100000; ++i) points.push_back({double(i), i == 54321 ? 9.0 : 1.0});
  const std::string svg = line_chart_svg(chart(points));
  EXPECT_LT(svg.size(), 60000u);
  EXPECT_THAT(polylines(svg)[0], HasSubstr(",47.3"));
}

TEST(LineChart, ManySeriesDifferInColourOrDash) {
  CurveFigure figure = chart({{0, 1}, {1, 2}});
  figure.curves.resize(12, figure.curves[0]);
  const std::string svg = line_chart_svg(figure);
  std::set<std::string> classes;
  for (const std::smatch& m : matches(svg, "class=\"(line-[0-9] dash-[0-9])\""))
    classes.insert(m[1]);
  EXPECT_EQ(classes.size(), 12u);
}

ReportTable two_bars() {
  ReportTable table;
  table.id = "t";
  table.charted = "m";
  table.measures = {{"m", "%", 1, Better::kLarger}};
  table.rows = {{"S", "A", {{Estimate{50, 0, 1, std::nullopt}, std::nullopt}}, {}, {}},
                {"S", "B", {{Estimate{100, 10, 3, std::nullopt}, 25.0}}, {}, {}},
                {"S", "C", {{std::nullopt, std::nullopt}}, {}, {}}};
  return table;
}

// Label room 40 + 10; 110 (mean and deviation) reaches 560 - 96, so 100 is 376.4 pixels long.
TEST(BarChart, LengthsAreProportional) {
  const std::string svg = bar_chart_svg(two_bars());
  const auto bars = matches(svg, "<rect x=\"50\" y=\"[0-9.]*\" width=\"([0-9.]*)\"");
  ASSERT_EQ(bars.size(), 2u);
  EXPECT_EQ(bars[0][1], "188.2");
  EXPECT_EQ(bars[1][1], "376.4");
  EXPECT_THAT(svg, HasSubstr("100.0 ± 10.0"));
  EXPECT_THAT(svg, HasSubstr("not measured"));
  EXPECT_EQ(matches(svg, "<polygon").size(), 2u);  // the paper's number, and its legend
}

TEST(BarChart, UnknownMeasureThrows) {
  ReportTable table = two_bars();
  table.charted = "other";
  EXPECT_THROW(bar_chart_svg(table), std::invalid_argument);
}

TEST(HeatMap, PoolingKeepsEveryOutlier) {
  ActivationMap map{"m", 40, 1000, std::vector<float>(40000, 1), ""};
  map.magnitudes[17 * 1000 + 503] = 50;
  const Magnitudes small = pooled(map, 8, 100);
  EXPECT_EQ(small.rows, 8);
  EXPECT_EQ(small.columns, 100);
  EXPECT_EQ(std::count(small.values.begin(), small.values.end(), 50.0f), 1);
  EXPECT_EQ(small.values[3 * 100 + 50], 50);
  EXPECT_EQ(pooled(map, 128, 2000).values, map.magnitudes);
}

TEST(HeatMap, ColoursAreLinearInTheMagnitude) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(palette_indices({0, 1, 2, 4, 9, -1, nan}, 4),
            (std::vector<std::uint8_t>{0, 64, 128, 255, 255, 0, 0}));
  EXPECT_EQ(palette_indices({1, 0}, 0), (std::vector<std::uint8_t>{0, 0}));
}

TEST(HeatMap, MapsShareOneScale) {
  const ActivationFigure figure = demo_report().activations[0];
  const std::vector<std::string> pngs = heat_map_pngs(figure);
  ASSERT_EQ(pngs.size(), 2u);
  const auto brightest = [](const std::string& png) {
    const std::size_t data = png.find("IDAT") + 4;
    std::uint8_t most = 0;  // of the first rows: their stored bytes are indices
    for (std::size_t i = data + 7; i < data + 2000; ++i)
      most = std::max(most, static_cast<std::uint8_t>(png[i]));
    return most;
  };
  EXPECT_GT(brightest(pngs[0]), 200);  // outliers of 11
  EXPECT_LT(brightest(pngs[1]), 120);  // a largest magnitude of about 4
}

TEST(HeatMap, MoreThanTwoMapsGoToTheNextLine) {
  ActivationFigure figure = demo_report().activations[0];
  figure.maps.push_back(figure.maps[0]);
  EXPECT_EQ(matches(heat_map_svg(figure), "<image").size(), 4u);  // and the scale
}

TEST(Reductions, WorseIsNegativeAndOfAnotherColour) {
  ReductionFigure figure{"r", "", "", "", {{0, "key", 0.5, 0.25}, {1, "value", -0.2, std::nullopt}},
                         {}};
  const std::string svg = reduction_svg(figure);
  EXPECT_EQ(matches(svg, "class=\"fill-0\"").size(), 2u);
  EXPECT_EQ(matches(svg, "class=\"fill-1\"").size(), 1u);
  EXPECT_THAT(svg, HasSubstr(">50<"));
  EXPECT_THAT(svg, HasSubstr(">25<"));
  EXPECT_THAT(svg, HasSubstr(">−20<"));
  EXPECT_EQ(matches(svg, ">value<").size(), 1u);  // no range of it
}

// One at a time: of a list of constant arrays g++ 12 at -O3 -march=native takes the first one
// twice.
RotationGrid choice_of(const std::vector<std::string>& layers) {
  RotationGrid choice{"run", {}, ""};
  for (const std::string& digits : layers) {
    std::array<GridMark, 4>& layer = choice.layers.emplace_back();
    for (std::size_t i = 0; i < 4; ++i)
      layer[i] = digits[i] == '1' ? GridMark::kHadamard : GridMark::kIdentity;
  }
  return choice;
}

TEST(Rotations, OneCellForR1AndOneALayerForTheOthers) {
  const std::string svg = rotation_svg({choice_of({"1010", "1000"})}, "id");
  EXPECT_EQ(matches(svg, "<rect[^>]*class=\"fill-0\"").size(), 2u + 1);  // and the legend
  EXPECT_EQ(matches(svg, "<rect[^>]*class=\"empty\"").size(), 5u + 1);
  EXPECT_THAT(svg, HasSubstr("run: 1010 1000"));
  EXPECT_THAT(rotation_svg({}, "id"), HasSubstr("</svg>"));
}

}  // namespace
}  // namespace trainer
