// A study read back from its directory, so that its report can be drawn again.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "reference_trainer/report/report_data.h"
#include "reference_trainer/study/cell_result.h"

namespace trainer {

// study.json in a directory that `run`, `sweep` or `reproduce` made.
inline constexpr const char* kStudyFile = "study.json";

struct KeptStudy {
  std::string command;  // that made it: "run", "sweep" or "reproduce"
  // Every finished cell below cells/, whichever call of the command it comes from, by model, seed
  // and bits; of a cell that is there more than once, as the points of a grid are, the one with
  // the smallest validation loss. Then what failed in the last call.
  std::vector<CellResult> results;
  std::size_t left_out = 0;  // cells of another start than most of their model and seed have
  Report last;               // report.json of the last call; empty where there is none
};

// Throws Error: RP-03 for a directory that is not a study or holds no result, CK-11 for a key or a
// result that cannot be read, RP-01 and RP-02 for a damaged report.json.
KeptStudy read_study(const std::filesystem::path& directory);

// The report of all that was kept. What rotations do to activations needs the model and comes from
// the last report.
Report kept_report(const KeptStudy& study, const std::filesystem::path& directory);

// Adds the pictures of activations and Fig. 6 that the report of an earlier call has and this one
// has not: a call draws the models that it quantizes. A report that cannot be read has none.
void keep_pictures(const std::filesystem::path& directory, Report& report);

}  // namespace trainer
