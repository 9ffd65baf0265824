#include "reference_trainer/study/cell_result.h"

namespace trainer {

nlohmann::ordered_json to_json(const CellResult& r) {
  return {{"model", r.cell.model},
          {"seed", r.cell.seed},
          {"method", method_word(r.cell)},
          {"setting", setting_name(r.cell.quant)},
          {"validation_loss", r.validation_loss},
          {"test_loss", r.test_loss},
          {"rouge1", r.rouge1},
          {"rouge2", r.rouge2},
          {"rougeL", r.rouge_l},
          {"rougeLsum", r.rouge_lsum},
          {"rouge_average", r.rouge_average()},
          {"rotations", r.rotations},
          {"seconds", r.seconds},
          {"directory", r.directory},
          {"settings", r.settings}};
}

CellResult cell_result_from_json(const Cell& cell, const nlohmann::json& json) {
  CellResult r;
  r.cell = cell;
  json.at("validation_loss").get_to(r.validation_loss);
  json.at("test_loss").get_to(r.test_loss);
  json.at("rouge1").get_to(r.rouge1);
  json.at("rouge2").get_to(r.rouge2);
  json.at("rougeL").get_to(r.rouge_l);
  json.at("rougeLsum").get_to(r.rouge_lsum);
  json.at("rotations").get_to(r.rotations);
  json.at("seconds").get_to(r.seconds);
  json.at("directory").get_to(r.directory);
  r.settings = json.at("settings");
  return r;
}

}  // namespace trainer
