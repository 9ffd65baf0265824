#include <algorithm>
#include <numeric>

#include "reference_trainer/report/figures.h"
#include "reference_trainer/report/heat_map_pixels.h"
#include "reference_trainer/report/number_text.h"
#include "reference_trainer/report/png.h"
#include "reference_trainer/report/svg_axis.h"
#include "reference_trainer/report/svg_canvas.h"
#include "reference_trainer/report/svg_palette.h"

namespace trainer {
namespace {

constexpr double kTop = 34, kNames = 20, kProfile = 70, kMap = 150, kLeft = 42, kGap = 18;
constexpr double kScaleBar = 130;
constexpr std::int64_t kMaps = 2;  // side by side; more go to the next line
constexpr std::int64_t kMostRows = 128, kMostColumns = 256;  // pixels of a map
constexpr double kBandHeight = kNames + kProfile + 4 + kMap + 40;

constexpr auto kPalette = heat_palette();

std::string png_of(const Magnitudes& map, float largest) {
  return indexed_png(map.columns, palette_indices(map.values, largest), kPalette);
}

// Three significant digits: 0.0123, 4.57, 1230.
std::string magnitude_text(double value) {
  int decimals = 2;
  for (double size = 1; size > value && decimals < 8; size /= 10) ++decimals;
  return value >= 100 ? short_count_text(value) : fixed_text(value, value >= 10 ? 1 : decimals);
}

// The largest magnitude of each channel, over the map in the same columns.
void draw_profile(const Magnitudes& map, const Ruler& heights, const Box& box, SvgCanvas& canvas) {
  std::vector<Point> line;
  const double step = box.width / static_cast<double>(map.columns);
  for (std::int64_t c = 0; c < map.columns; ++c) {
    float most = 0;
    for (std::int64_t r = 0; r < map.rows; ++r)
      most = std::max(most, map.values[static_cast<std::size_t>(r * map.columns + c)]);
    const double x = box.x + step * static_cast<double>(c);
    line.push_back({x, heights(most)});
    line.push_back({x + step, heights(most)});
  }
  canvas.polyline(line, "line-0");
  canvas.line({box.x, heights.start()}, {box.x + box.width, heights.start()}, "axis");
}

void draw_map(const ActivationMap& map, float largest, const Box& box, SvgCanvas& canvas) {
  const Magnitudes shown = pooled(map, kMostRows, kMostColumns);
  canvas.words({box.x, box.y + 13}, map.name, {12, Anchor::kStart, "ink", 600});
  const double profile_bottom = box.y + kNames + kProfile;
  ValueRange range(AxisScale::kLinear);
  range.include(0);
  range.include(largest);
  const Ruler heights(range, 0, profile_bottom, box.y + kNames + 6);
  for (const Ruler::Tick& tick : heights.ticks(3)) {
    canvas.line({box.x, tick.pixel}, {box.x + box.width, tick.pixel}, "rule");
    if (box.x < kFigureWidth / 2)
      canvas.words({box.x - 6, tick.pixel + 4}, tick.text, {11, Anchor::kEnd, "soft"});
  }
  draw_profile(shown, heights, box, canvas);
  const Box picture{box.x, profile_bottom + 4, box.width, kMap};
  canvas.image(picture, base64(png_of(shown, largest)));
  const double below = picture.y + kMap + 15;
  canvas.words({box.x, below}, "0", {11, Anchor::kStart, "soft"});
  canvas.words({box.x + box.width / 2, below}, "channel", {12, Anchor::kMiddle, "soft"});
  canvas.words({box.x + box.width, below}, std::to_string(map.channels - 1),
               {11, Anchor::kEnd, "soft"});
}

// The colours from 0 to the largest magnitude.
void draw_scale(float largest, double y, SvgCanvas& canvas) {
  std::vector<std::uint8_t> indices(kPalette.size());
  std::iota(indices.begin(), indices.end(), std::uint8_t{0});
  const double left = kFigureWidth - kScaleBar - 50;
  canvas.words({left - 24, y + 10}, "|x|", {12, Anchor::kEnd});
  canvas.words({left - 6, y + 10}, "0", {12, Anchor::kEnd, "soft"});
  canvas.image({left, y, kScaleBar, 12},
               base64(indexed_png(static_cast<std::int64_t>(indices.size()), indices, kPalette)));
  canvas.words({left + kScaleBar + 6, y + 10}, magnitude_text(largest),
               {12, Anchor::kStart, "soft"});
}

std::string description(const ActivationFigure& figure) {
  std::string text = "Heat maps of |x| at " + figure.site + " of layer " +
                     std::to_string(figure.layer) + ", tokens by channels";
  for (const ActivationMap& map : figure.maps) {
    const auto most = std::max_element(map.magnitudes.begin(), map.magnitudes.end());
    text += "; " + map.name + ": largest " + magnitude_text(*most);
  }
  return text;
}

}  // namespace

std::string heat_map_svg(const ActivationFigure& figure) {
  const auto count = static_cast<std::int64_t>(figure.maps.size());
  const std::int64_t across = std::clamp<std::int64_t>(count, 1, kMaps);
  const std::int64_t bands = (count + across - 1) / across;
  const double scale_y = kTop + kBandHeight * static_cast<double>(bands);
  SvgCanvas canvas(kFigureWidth, scale_y + 18, figure.id, figure.title, description(figure));
  canvas.words({0, 18}, figure.title, {15, Anchor::kStart, "ink", 600});
  const float largest = largest_magnitude(figure);
  const double width = (kFigureWidth - kLeft - 4 + kGap) / static_cast<double>(across) - kGap;
  for (std::int64_t i = 0; i < count; ++i) {
    const double x = kLeft + (width + kGap) * static_cast<double>(i % across);
    const double y = kTop + kBandHeight * static_cast<double>(i / across);
    if (i % across == 0) {
      canvas.turned_words({14, y + kNames + kProfile + kMap / 2}, -90, "token",
                          {12, Anchor::kMiddle, "soft"});
    }
    draw_map(figure.maps[static_cast<std::size_t>(i)], largest, {x, y, width, 0}, canvas);
  }
  draw_scale(largest, scale_y, canvas);
  return canvas.finished();
}

std::vector<std::string> heat_map_pngs(const ActivationFigure& figure) {
  const float largest = largest_magnitude(figure);
  std::vector<std::string> files;
  for (const ActivationMap& map : figure.maps)
    files.push_back(png_of({map.tokens, map.channels, map.magnitudes}, largest));
  return files;
}

}  // namespace trainer
