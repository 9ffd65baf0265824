// The results of a study as a report: tables with the paper's numbers beside ours, claims, curves,
// and what rotations do to activations.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "reference_trainer/report/report_data.h"
#include "reference_trainer/roste/error_table.h"
#include "reference_trainer/study/activation_maps.h"
#include "reference_trainer/study/cell_result.h"
#include "reference_trainer/study/claims.h"

namespace trainer {

// What rotations do to one start.
struct StartViews {
  std::string model;
  std::string setting;  // of `errors`, e.g. "W4A4KV4"
  SiteViews sites;
  ErrorTable errors;
};

// Whether a seed counts whose SFT has a larger validation loss than claims.h says: the bound is the
// built-in task's.
enum class ConvergenceGuard { kNone, kBuiltinTask };

// Everything that is shown. `directory` is the study's: logs and records are read from it.
struct StudyFindings {
  RunInfo run;
  std::filesystem::path directory;
  std::vector<CellResult> results;
  std::vector<StartViews> views;
  ConvergenceGuard guard = ConvergenceGuard::kNone;
};

// On how many seeds a claim stands, and how many do not count.
std::string claim_reason(const CheckedClaim& claim);

// Throws Error for a log or record that cannot be read.
Report study_report(const StudyFindings& findings);

// The tables alone, for the terminal.
std::vector<ReportTable> study_tables(const std::vector<CellResult>& results);
std::string table_text(const ReportTable& table);

}  // namespace trainer
