#include "reference_trainer/report/heat_map_pixels.h"

#include <algorithm>
#include <cmath>

namespace trainer {

Magnitudes pooled(const ActivationMap& map, std::int64_t rows, std::int64_t columns) {
  Magnitudes result{std::min(rows, map.tokens), std::min(columns, map.channels), {}};
  result.values.assign(static_cast<std::size_t>(result.rows * result.columns), 0);
  for (std::int64_t t = 0; t < map.tokens; ++t) {
    const std::int64_t row = t * result.rows / map.tokens;
    for (std::int64_t c = 0; c < map.channels; ++c) {
      const std::int64_t column = c * result.columns / map.channels;
      float& cell = result.values[static_cast<std::size_t>(row * result.columns + column)];
      const float magnitude = map.magnitudes[static_cast<std::size_t>(t * map.channels + c)];
      if (magnitude > cell) cell = magnitude;
    }
  }
  return result;
}

float largest_magnitude(const ActivationFigure& figure) {
  float largest = 0;
  for (const ActivationMap& map : figure.maps) {
    for (const float magnitude : map.magnitudes) {
      if (std::isfinite(magnitude)) largest = std::max(largest, magnitude);
    }
  }
  return largest;
}

std::vector<std::uint8_t> palette_indices(const std::vector<float>& magnitudes, float largest) {
  std::vector<std::uint8_t> indices;
  indices.reserve(magnitudes.size());
  for (const float magnitude : magnitudes) {
    const bool shown = magnitude > 0 && largest > 0;  // not so for NaN
    const double share = shown ? std::min(double{magnitude} / double{largest}, 1.0) : 0;
    indices.push_back(static_cast<std::uint8_t>(std::lround(share * 255)));
  }
  return indices;
}

}  // namespace trainer
