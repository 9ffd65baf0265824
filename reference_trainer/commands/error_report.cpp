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

namespace {

std::string shared_text(const ErrorTable& table, const SearchResult& result) {
  const auto value = [&](RotationMask mask) {
    return objective(table, mask, result.settings.objective);
  };
  std::vector<RotationMask> order = all_masks();
  std::stable_sort(order.begin(), order.end(),
                   [&](RotationMask a, RotationMask b) { return value(a) < value(b); });
  const double none = value(RotationMask());
  Table text{{"R1 R2 R3 R4", "objective (12)", "share of none", ""}, {}};
  for (const RotationMask mask : order) {
    text.rows.push_back({mask.text(), number(value(mask)),
                         none > 0 ? number(value(mask) / none) : "-",
                         mask == result.layers.at(0) ? "chosen" : ""});
  }
  return text_table(text);
}

}  // namespace

std::string search_text(const ErrorTable& table, const SearchResult& result) {
  if (result.settings.mode == SearchMode::kShared) return shared_text(table, result);
  Table text{{"layer", "R1 R2 R3 R4"}, {}};
  for (std::size_t i = 0; i < result.layers.size(); ++i)
    text.rows.push_back({std::to_string(i), result.layers[i].text()});
  return text_table(text) + "objective (12): " + number(result.before) + " without rotations, " +
         number(result.after) + " with these\n";
}

nlohmann::json search_json(const ErrorTable& table, const SearchResult& result,
                           const RotationChoice& choice) {
  nlohmann::json json = to_json(table, result, choice);
  if (result.settings.mode != SearchMode::kShared) return json;
  for (const RotationMask mask : all_masks())
    json["objectives"][mask.text()] = objective(table, mask, result.settings.objective);
  json["best"] = result.layers.at(0).text();
  return json;
}

std::string rotations_text(const RotationChoice& choice) {
  const bool shared = std::all_of(choice.layers.begin(), choice.layers.end(),
                                  [&](RotationMask m) { return m == choice.layers.front(); });
  if (shared) return choice.layers.at(0).text();
  std::string text;
  for (const RotationMask mask : choice.layers)
    text.append(text.empty() ? "" : " ").append(mask.text());
  return text;
}

}  // namespace trainer
