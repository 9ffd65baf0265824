#include <algorithm>
#include <array>
#include <cmath>

#include "examples/least_squares/figure_svg.h"
#include "examples/least_squares/svg_canvas.h"
#include "examples/least_squares/table.h"

namespace least_squares {

namespace {

constexpr double kCellWidth = 68, kCellHeight = 40, kLeft = 84, kTop = 66, kBelow = 96;
constexpr double kKeyRange = 3;  // full colour at a factor of 2^3 and beyond

using Rgb = std::array<double, 3>;
constexpr Rgb kBelowOne = {0, 114, 178}, kOne = {247, 247, 247}, kAboveOne = {213, 94, 0};

// Blue below 1, nearly white at 1, vermilion above, by the logarithm of the value.
std::string color_of(double value) {
  const double position = std::clamp(std::log2(value) / kKeyRange, -1.0, 1.0);
  const Rgb& end = position < 0 ? kBelowOne : kAboveOne;
  char text[32];
  std::array<int, 3> mixed{};
  for (std::size_t c = 0; c < 3; ++c) {
    mixed[c] = static_cast<int>(std::lround(kOne[c] + std::fabs(position) * (end[c] - kOne[c])));
  }
  std::snprintf(text, sizeof text, "#%02X%02X%02X", static_cast<unsigned>(mixed[0]),
                static_cast<unsigned>(mixed[1]), static_cast<unsigned>(mixed[2]));
  return text;
}

std::string ink_on(double value) {
  return std::fabs(std::log2(value)) > 0.75 * kKeyRange ? "#FFFFFF" : "#222222";
}

void draw_cell(const HeatMap& map, std::size_t row, std::size_t column, Canvas& canvas) {
  const double x = kLeft + kCellWidth * static_cast<double>(column);
  const double y = kTop + kCellHeight * static_cast<double>(map.y.size() - 1 - row);
  const double value = map.cell[row][column];
  canvas.rectangle(x + 1, y + 1, kCellWidth - 2, kCellHeight - 2, color_of(value));
  canvas.words(x + kCellWidth / 2, y + kCellHeight / 2 + 4, number_text(value, 2),
               {12, Anchor::kMiddle, ink_on(value)});
  if (map.marked[row][column]) {
    canvas.frame(x + 3, y + 3, kCellWidth - 6, kCellHeight - 6, {"#111111", 2, ""});
  }
}

void draw_names(const HeatMap& map, double bottom, Canvas& canvas) {
  for (std::size_t c = 0; c < map.x.size(); ++c) {
    const double x = kLeft + kCellWidth * (static_cast<double>(c) + 0.5);
    canvas.words(x, bottom + 18, number_text(map.x[c], 3), {12, Anchor::kMiddle});
  }
  for (std::size_t r = 0; r < map.y.size(); ++r) {
    const double y = bottom - kCellHeight * (static_cast<double>(r) + 0.5);
    canvas.words(kLeft - 8, y + 4, number_text(map.y[r], 3), {12, Anchor::kEnd});
  }
}

}  // namespace

std::string svg(const HeatMap& map) {
  const double width = kCellWidth * static_cast<double>(map.x.size());
  const double bottom = kTop + kCellHeight * static_cast<double>(map.y.size());
  Canvas canvas(kLeft + std::max(width, 560.0) + 24, bottom + kBelow);
  canvas.words(kLeft, 28, map.title, {17, Anchor::kStart, "#111111", 600});
  canvas.words(kLeft, 48, map.subtitle, {12, Anchor::kStart, kGrey});
  for (std::size_t r = 0; r < map.y.size(); ++r) {
    for (std::size_t c = 0; c < map.x.size(); ++c) draw_cell(map, r, c, canvas);
  }
  draw_names(map, bottom, canvas);
  canvas.words(kLeft + width / 2, bottom + 40, map.x_label, {13, Anchor::kMiddle});
  canvas.vertical_words(24, (kTop + bottom) / 2, map.y_label, {13, Anchor::kMiddle});
  canvas.frame(kLeft, bottom + 56, 16, 12, {"#111111", 2, ""});
  canvas.words(kLeft + 24, bottom + 67, map.mark, {12});
  canvas.words(kLeft, bottom + 86, map.key, {12});
  return canvas.finished();
}

}  // namespace least_squares
