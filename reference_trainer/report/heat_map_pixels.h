// Activation maps as indices into the palette of heat maps.
#pragma once

#include <cstdint>
#include <vector>

#include "reference_trainer/report/report_data.h"

namespace trainer {

// Magnitudes [rows, columns], row-major.
struct Magnitudes {
  std::int64_t rows, columns;
  std::vector<float> values;
};

// `map` with at most `rows` by `columns` values, each the maximum of a block of neighbours.
Magnitudes pooled(const ActivationMap& map, std::int64_t rows, std::int64_t columns);

// The largest finite magnitude of all maps; 0 when there is none.
float largest_magnitude(const ActivationFigure& figure);

// 0 for magnitudes <= 0 or NaN, 255 for `largest` and more, linear between.
std::vector<std::uint8_t> palette_indices(const std::vector<float>& magnitudes, float largest);

}  // namespace trainer
