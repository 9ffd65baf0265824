// The tables of a report as HTML.
#pragma once

#include <string>

#include "reference_trainer/report/report_data.h"

namespace trainer {

// Mean, standard deviation and interval, with the decimals of the measure.
std::string estimate_html(const Estimate& estimate, const Measure& measure);

// Claims with their verdicts, as words and signs, never by colour alone.
std::string claims_html(const std::vector<Claim>& claims);

// Rows grouped by setting; the best of a setting is bold, the paper's number stands below ours, and
// every row links to its runs.
std::string table_html(const ReportTable& table);

// Number of runs behind the row: "3", or "1–3" when its measures differ, "–" for none.
std::string runs_text(const TableRow& row);

}  // namespace trainer
