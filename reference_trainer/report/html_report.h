// A report as one HTML file that needs nothing else: figures inline, no network, light and dark.
#pragma once

#include <string>

#include "reference_trainer/report/report_data.h"

namespace trainer {

// UTF-8 text of the page. Every text of the report is escaped. Throws std::invalid_argument for
// cells or magnitudes of another number than their header says.
std::string html_report(const Report& report);

}  // namespace trainer
