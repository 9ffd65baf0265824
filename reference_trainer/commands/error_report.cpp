#include "reference_trainer/commands/error_report.h"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "reference_trainer/model/settings_json.h"
#include "reference_trainer/report/table.h"

namespace trainer {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.5g", value);
  return text;
}

std::string percent(const QuantizationError& e) {
  return e.squared_norm == 0 ? "-" : number(100 * e.squared_error / e.squared_norm);
}

// The term's error with one more rotation than none, or "" where that rotation does not touch it.
std::string with_rotation(const ErrorTerm& term, int rotation) {
  if (!term.depends_on.r(rotation)) return "";
  return number(term.readers * term.at(RotationMask(1u << (rotation - 1))).squared_error);
}

std::vector<RotationMask> all_masks() {
  std::vector<RotationMask> masks;
  for (unsigned bits = 0; bits < 16; ++bits) masks.push_back(RotationMask(bits));
  return masks;
}

}  // namespace

std::string error_table_text(const ErrorTable& table) {
  Table text{
      {"layer.tensor", "readers", "error", "% of norm", "with R1", "with R2", "with R3", "with R4"},
      {}};
  for (const ErrorTerm& term : table.terms) {
    const QuantizationError& plain = term.at(RotationMask());
    text.rows.push_back({std::to_string(term.layer) + "." + term.tensor,
                         std::to_string(term.readers), number(term.readers * plain.squared_error),
                         percent(plain), with_rotation(term, 1), with_rotation(term, 2),
                         with_rotation(term, 3), with_rotation(term, 4)});
  }
  std::vector<std::string> sums{"sum, eq. (12)", "", number(objective(table, RotationMask())), ""};
  for (int r = 1; r <= 4; ++r)
    sums.push_back(number(objective(table, RotationMask(1u << (r - 1)))));
  text.rows.push_back(sums);
  return text_table(text);
}

nlohmann::json error_table_json(const ErrorTable& table) {
  nlohmann::json terms = nlohmann::json::array();
  for (const ErrorTerm& term : table.terms) {
    nlohmann::json errors = nlohmann::json::object();
    for (const RotationMask mask : all_masks()) {
      if ((mask.bits() & ~term.depends_on.bits()) == 0)
        errors[mask.text()] = term.at(mask).squared_error;
    }
    terms.push_back({{"layer", term.layer},
                     {"tensor", term.tensor},
                     {"readers", term.readers},
                     {"squared_norm", term.at(RotationMask()).squared_norm},
                     {"squared_error", errors}});
  }
  return {{"calibration_samples", table.samples}, {"terms", terms}};
}

std::string search_text(const SharedSearch& search) {
  std::vector<RotationMask> order = all_masks();
  std::stable_sort(order.begin(), order.end(), [&](RotationMask a, RotationMask b) {
    return search.objectives[a.bits()] < search.objectives[b.bits()];
  });
  Table text{{"R1 R2 R3 R4", "objective (12)", "share of none", ""}, {}};
  for (const RotationMask mask : order) {
    const double none = search.objectives[0], value = search.objectives[mask.bits()];
    text.rows.push_back({mask.text(), number(value), none > 0 ? number(value / none) : "-",
                         mask == search.best ? "chosen" : ""});
  }
  return text_table(text);
}

nlohmann::json search_json(const SharedSearch& search, const ErrorTable& table,
                           const RotationChoice& choice) {
  nlohmann::json result = error_table_json(table);
  for (const RotationMask mask : all_masks())
    result["objectives"][mask.text()] = search.objectives[mask.bits()];
  result["best"] = search.best.text();
  result["rotation"] = to_json(choice);
  return result;
}

}  // namespace trainer
