// The files of a report.
#pragma once

#include <filesystem>

#include "reference_trainer/report/report_data.h"

namespace trainer {

// Writes into `directory`, which is made if it is absent, and replaces files of the same name:
//   report.html, report.json
//   report/<id>.svg   every figure;  report/<id>-<n>.png  every activation map
//   report/<id>.csv   the numbers of every table and figure
// Throws Error(kIo), DF-03, and std::invalid_argument as html_report() does.
void write_report(const Report& report, const std::filesystem::path& directory);

}  // namespace trainer
