// Figures as self-contained SVG text: the same data give the same bytes.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace least_squares {

enum class Scale { kLinear, kLog2, kLog10 };
enum class Stroke { kSolid, kDashed, kDotted };

struct Axis {
  std::string label;
  Scale scale = Scale::kLinear;
};

// Colours that people with any colour vision can tell apart (Okabe and Ito, 2008).
inline constexpr const char* kVermilion = "#D55E00";
inline constexpr const char* kBlue = "#0072B2";
inline constexpr const char* kGreen = "#009E73";
inline constexpr const char* kGrey = "#6B6B6B";

using Points = std::vector<std::pair<double, double>>;  // (x, y)

struct Series {
  std::string label;  // for the legend
  const char* color = kBlue;
  Stroke stroke = Stroke::kSolid;
  Points points;  // left to right
};

// Lines over two axes. Values that a logarithmic axis cannot show are left out.
struct LineChart {
  std::string title;
  std::string subtitle;  // the settings
  Axis x, y;
  std::vector<Series> series;
};

// A grid of coloured cells with a number in each, and lines over it.
struct HeatMap {
  std::string title;
  std::string subtitle;
  std::string x_label, y_label, key;      // key: what the numbers and colours mean
  std::vector<double> x, y;               // names of columns and of rows, upwards
  std::vector<std::vector<double>> cell;  // [row][column], > 0; 1 is neutral, below 1 is blue
  std::vector<std::vector<int>> marked;   // [row][column] 1: a frame around the cell
  std::string mark;                       // what the frames mean
};

std::string svg(const LineChart& chart);
std::string svg(const HeatMap& map);

}  // namespace least_squares
