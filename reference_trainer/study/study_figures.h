// The paper's figures, drawn from the runs of a study.
#pragma once

#include <filesystem>
#include <vector>

#include "reference_trainer/study/study_report.h"

namespace trainer {

// Losses and Fig. 3 from the logs and records of the first seed's stages, below `study`.
void add_curves(const std::filesystem::path& study, const std::vector<CellResult>& results,
                Report& report);
// Test loss over bits, a figure for each model that was run at three settings of equal bits or
// more, and over outer rounds where there are two.
void add_sweeps(const std::vector<CellResult>& results, Report& report);
// What RoSTE chose.
void add_rotations(const std::vector<CellResult>& results, Report& report);
// Figs. 2, 5 and 6 of one start.
void add_views(const StartViews& views, Report& report);

}  // namespace trainer
