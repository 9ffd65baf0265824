// The figures of a report as SVG, in the order in which the report shows them. All are functions of
// their data: the same report gives the same bytes. Colours are classes of figure_style().
#pragma once

#include <string>
#include <vector>

#include "reference_trainer/report/report_data.h"

namespace trainer {

// Width of every figure, in pixels of its view box.
inline constexpr double kFigureWidth = 560;

// Horizontal bars of the table's charted measure, a group per setting, with error bars of one
// standard deviation; a diamond marks the paper's number. Throws std::invalid_argument when no
// measure has the name table.charted.
std::string bar_chart_svg(const ReportTable& table);

// Lines with a band of one standard deviation and a legend. Values that are not finite leave a gap;
// long curves keep first, smallest, largest and last value of each pixel column.
std::string line_chart_svg(const CurveFigure& figure);

// Maps side by side, tokens downwards and channels to the right, in one scale of colours from 0 to
// the largest magnitude; above each the largest magnitude of every channel. Large maps are reduced
// by maxima, so that no outlier disappears. The shapes are those that check() of report_json.h asks
// for.
std::string heat_map_svg(const ActivationFigure& figure);

// The maps of the figure as PNG files, in full size and the same scale of colours.
std::vector<std::string> heat_map_pngs(const ActivationFigure& figure);

// Tensors by layers, twice: reduction of the error, and of the range where there is one. In
// percent; blue is better, orange worse.
std::string reduction_svg(const ReductionFigure& figure);

// A row per run: R1, then R2, R3, R4 of every layer. Filled: rotated.
std::string rotation_svg(const std::vector<RotationGrid>& choices, const std::string& id);

}  // namespace trainer
