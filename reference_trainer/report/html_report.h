// A report as one HTML file that needs nothing else: figures inline, no network, light and dark.
#pragma once

#include <string>

#include "reference_trainer/report/report_data.h"

namespace trainer {

// UTF-8 text of the page; every text of the report is escaped. Throws as check() of report_json.h.
std::string html_report(const Report& report);

}  // namespace trainer
