// The numbers of a report as Markdown, to be kept beside the text that speaks of them.
#pragma once

#include <string>

#include "reference_trainer/report/report_data.h"

namespace trainer {

// GitHub-flavoured: how it was run, claims, every table, sweeps, settings. Mean +- sample standard
// deviation over runs; a single run has none.
std::string markdown_report(const Report& report);

}  // namespace trainer
