#include "reference_trainer/roste/search_json.h"

#include <stdexcept>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/exact_json.h"
#include "reference_trainer/io/json.h"
#include "reference_trainer/model/settings_json.h"

namespace trainer {
namespace {

using nlohmann::json;

bool is_subset(RotationMask inner, RotationMask outer) {
  return (inner.bits() & ~outer.bits()) == 0;
}

// The number at `key`, or an exception that names it.
template <class T>
T number_at(const json& object, const char* key) {
  if (const auto value = exactly<T>(object.at(key))) return *value;
  throw std::invalid_argument(std::string(key) + " of " + shown(object.at(key)));
}

// The squared errors of a term, and with their masks what it depends on.
void read_errors(const json& errors, ErrorTerm& term) {
  unsigned depends_on = 0;
  for (const auto& [digits, error] : errors.items()) {
    const RotationMask mask = RotationMask::parse(digits);
    term.by_mask[mask.bits()].squared_error = number_at<double>(errors, digits.c_str());
    depends_on |= mask.bits();
  }
  term.depends_on = RotationMask(depends_on);
  if (errors.size() != std::size_t{1} << term.depends_on.count())
    throw std::invalid_argument("squared errors of some settings of its rotations are missing");
}

ErrorTerm term_from_json(const json& j, std::size_t layers) {
  ErrorTerm term{number_at<std::size_t>(j, "layer"),
                 j.at("tensor").get<std::string>(),
                 number_at<int>(j, "readers"),
                 {},
                 {}};
  if (term.layer >= layers)
    throw std::invalid_argument("layer " + std::to_string(term.layer) + " of a model of " +
                                std::to_string(layers));
  read_errors(j.at("squared_error"), term);
  term.by_mask[0].squared_norm = number_at<double>(j, "squared_norm");
  return term;
}

}  // namespace

json to_json(const ErrorTable& table) {
  json terms = json::array();
  for (const ErrorTerm& term : table.terms) {
    json errors = json::object();
    for (const RotationMask mask : masks_by_count()) {
      if (is_subset(mask, term.depends_on)) errors[mask.text()] = term.at(mask).squared_error;
    }
    terms.push_back({{"layer", term.layer},
                     {"tensor", term.tensor},
                     {"readers", term.readers},
                     {"squared_norm", term.at(RotationMask()).squared_norm},
                     {"squared_error", errors}});
  }
  return {{"calibration_samples", table.samples}, {"terms", terms}};
}

ErrorTable error_table_from_json(const json& j, std::size_t layers, const std::string& where) {
  ErrorTable table;
  std::string pointer = where + ":/calibration_samples";
  try {
    table.samples = number_at<std::int64_t>(j, "calibration_samples");
    pointer = where + ":/terms";
    const json& terms = j.at("terms");
    for (std::size_t t = 0; t < terms.size(); ++t) {
      pointer = where + ":/terms/" + std::to_string(t);
      table.terms.push_back(term_from_json(terms.at(t), layers));
    }
  } catch (const std::exception& e) {
    throw_bad_input({"RJ-02", pointer, e.what(), "a term of eq. (12) as `measure` writes it",
                     "docs/formats.md describes errors.json and search.json"});
  }
  return table;
}

json to_json(const ErrorTable& table, const SearchResult& result, const RotationChoice& choice) {
  json j = to_json(table);
  j["mode"] = name_of(result.settings.mode);
  j["objective"] = name_of(result.settings.objective);
  j["before"] = result.before;
  j["after"] = result.after;
  j["rotation"] = to_json(choice);
  return j;
}

RotationChoice choice_of(const SearchResult& result, std::uint64_t seed, OnlineSigns online_signs) {
  return {result.layers, seed, online_signs};
}

}  // namespace trainer
