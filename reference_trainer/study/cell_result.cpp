#include "reference_trainer/study/cell_result.h"

#include <cmath>

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
  return {{"model", r.cell.model},
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
}

CellResult cell_result_from_json(const Cell& cell, const nlohmann::json& json) {
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
  return r;
}

}  // namespace trainer
