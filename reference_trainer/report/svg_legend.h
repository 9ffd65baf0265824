// A legend that wraps: a sample of each line and its name.
#pragma once

#include <string>
#include <vector>

#include "reference_trainer/report/svg_canvas.h"

namespace trainer {

struct LegendItem {
  double x, y;  // of the sample's left end; y counts from the top of the legend
  std::string name;
};

inline constexpr double kLegendLine = 19, kLegendSample = 22, kLegendGap = 6;  // pixels

// Places of the samples in a legend of `width` pixels, row by row.
inline std::vector<LegendItem> legend_items(const std::vector<std::string>& names, double width) {
  std::vector<LegendItem> items;
  double x = 0, y = 0;
  for (const std::string& name : names) {
    const double needs = kLegendSample + kLegendGap + text_width(name, 12) + 14;
    if (x > 0 && x + needs > width) x = 0, y += kLegendLine;
    items.push_back({x, y, name});
    x += needs;
  }
  return items;
}

inline double legend_height(const std::vector<LegendItem>& items) {
  return items.empty() ? 0 : items.back().y + kLegendLine;
}

}  // namespace trainer
