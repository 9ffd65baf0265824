// The numbers of a report as CSV (RFC 4180), one number or point a line.
#pragma once

#include <string>
#include <vector>

#include "reference_trainer/report/report_data.h"

namespace trainer {

// Each begins with a line of column names. Numbers read back as the same double; absent ones are
// empty. Several sources are separated by a space.
std::string csv_of(const ReportTable& table);
std::string csv_of(const std::vector<Claim>& claims);
std::string csv_of(const std::vector<NamedText>& settings);
std::string csv_of(const CurveFigure& figure);
std::string csv_of(const ActivationFigure& figure);
std::string csv_of(const ReductionFigure& figure);
std::string csv_of(const std::vector<RotationGrid>& choices);

// Words of a verdict for people: "within noise".
std::string verdict_text(Verdict verdict);

}  // namespace trainer
