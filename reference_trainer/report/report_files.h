// The files of a report, for whoever writes them.
#pragma once

#include <string>
#include <vector>

#include "reference_trainer/report/report_data.h"

namespace trainer {

struct ReportFile {
  std::string name;   // path from the report's directory, e.g. "figures/table-1.svg"
  std::string bytes;  // all of it
};

// report.html and report.json; figures/<id>.svg of every figure, figures/<id>-<n>.png of the n-th
// (from 1) activation map; data/<id>.csv of every table and figure; data/tables.md. Throws as
// check() of report_json.h.
std::vector<ReportFile> report_files(const Report& report);

}  // namespace trainer
