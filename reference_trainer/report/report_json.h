// A report as JSON, so that it can be drawn again from a run's directory.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "reference_trainer/report/report_data.h"

namespace trainer {

// Fields have the names of report_data.h, enumerators their words in lower case ("not_tested"),
// rotations are digits R1 ... R4 a layer ("1011"), numbers that are not finite null. Optional
// fields that are absent are left out.
nlohmann::ordered_json to_json(const Report& report);

// The report that `json` holds; `where` names it in errors, e.g. the file. Absent fields keep their
// defaults, null is NaN, unknown fields are ignored. Throws Error(kBadInput), RP-01, for a value of
// another type or an unknown word, RP-02 for what check() below refuses.
Report report_from_json(const nlohmann::json& json, const std::string& where);

// Throws Error(kBadInput), RP-02, when a row has another number of cells than its table has
// measures, a table charts a measure that it does not have, a map has another number of magnitudes
// than tokens times channels, maps of one figure differ in shape, a layer is negative or beyond
// 4095, or an id is empty, used twice ("claims", "rotations" and "settings" are taken), or holds
// more than letters, digits, '-' and '_'.
void check(const Report& report, const std::string& where);

}  // namespace trainer
