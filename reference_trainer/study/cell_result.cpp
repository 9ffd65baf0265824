#include "reference_trainer/study/cell_result.h"

#include <algorithm>
#include <cmath>

#include "reference_trainer/base/error.h"

namespace trainer {
namespace {

// JSON has no NaN.
nlohmann::ordered_json number(double x) {
  return std::isnan(x) ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(x);
}

double number_at(const nlohmann::json& json, const char* key) {
  const nlohmann::json& value = json.at(key);
  return value.is_null() ? kNotMeasured : value.get<double>();
}

CellResult read_result(const Cell& cell, const nlohmann::json& json) {
  CellResult r;
  r.cell = cell;
  r.validation_loss = number_at(json, "validation_loss");
  r.test_loss = number_at(json, "test_loss");
  r.rouge1 = number_at(json, "rouge1");
  r.rouge2 = number_at(json, "rouge2");
  r.rouge_l = number_at(json, "rougeL");
  r.rouge_lsum = number_at(json, "rougeLsum");
  json.at("rotations").get_to(r.rotations);
  json.at("seconds").get_to(r.seconds);
  json.at("directory").get_to(r.directory);
  r.settings = json.at("settings");
  if (json.contains("failure")) json.at("failure").get_to(r.failure);
  return r;
}

}  // namespace

void set_scores(const Evaluation& e, CellResult& r) {
  r.test_loss = e.loss;
  if (e.rouge_samples == 0) return;
  r.rouge1 = 100 * e.rouge.rouge1;
  r.rouge2 = 100 * e.rouge.rouge2;
  r.rouge_l = 100 * e.rouge.rouge_l;
  r.rouge_lsum = 100 * e.rouge.rouge_lsum;
}

nlohmann::ordered_json to_json(const CellResult& r) {
  nlohmann::ordered_json json{{"model", r.cell.model},
                              {"seed", r.cell.seed},
                              {"method", method_word(r.cell)},
                              {"setting", setting_name(r.cell.quant)},
                              {"validation_loss", number(r.validation_loss)},
                              {"test_loss", number(r.test_loss)},
                              {"rouge1", number(r.rouge1)},
                              {"rouge2", number(r.rouge2)},
                              {"rougeL", number(r.rouge_l)},
                              {"rougeLsum", number(r.rouge_lsum)},
                              {"rouge_average", number(r.rouge_average())},
                              {"rotations", r.rotations},
                              {"seconds", r.seconds},
                              {"directory", r.directory},
                              {"settings", r.settings}};
  if (!r.failure.empty()) json["failure"] = r.failure;
  return json;
}

CellResult cell_result_from_json(const Cell& cell, const nlohmann::json& json,
                                 const std::string& where) {
  const auto refuse = [&](const std::string& got) {
    throw_bad_input({"CK-11", where, got, "the result of a cell as a study writes it",
                     "remove the file: the cell is then computed again"});
  };
  CellResult r;
  try {
    r = read_result(cell, json);
  } catch (const nlohmann::json::exception& e) {
    refuse(e.what());
  }
  for (const std::string& digits : r.rotations) {
    if (digits.size() != 4) refuse("rotations \"" + digits + "\"");
  }
  return r;
}

bool is_better(const CellResult& a, const CellResult& b) {
  if (std::isnan(b.validation_loss)) return !std::isnan(a.validation_loss);
  return a.validation_loss < b.validation_loss;
}

std::size_t best_on_validation(std::span<const CellResult> results) {
  return static_cast<std::size_t>(std::ranges::min_element(results, is_better) - results.begin());
}

}  // namespace trainer
