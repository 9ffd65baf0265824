// What a table's methods were run with, for people: a line each.
#pragma once

#include <vector>

#include "reference_trainer/report/report_data.h"
#include "reference_trainer/study/cell_result.h"

namespace trainer {

// A line per method that has settings, in the order in which they occur, then the quantizers and
// the evaluation; read from what decided each result. Where cells of a name differ, as the points
// of a grid do, each text has a line that names its cells. Results without settings have no line.
std::vector<NamedText> method_settings(const std::vector<CellResult>& results);

}  // namespace trainer
