// What a cell came to, as its result.json keeps it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reference_trainer/study/cells.h"

namespace trainer {

struct CellResult {
  Cell cell;
  double validation_loss = 0, test_loss = 0;  // nats per target token
  // In [0, 100], of greedy generations on the test posts; negative where nothing has a prompt.
  double rouge1 = -1, rouge2 = -1, rouge_l = -1, rouge_lsum = -1;
  std::vector<std::string> rotations;  // [layers] digits R1 R2 R3 R4; "learned" in SpinQuant's
  double seconds = 0;                  // training and evaluation, when it was computed
  std::string directory;               // of its stage, below the study's
  nlohmann::json settings;             // everything that decided the result

  double rouge_average() const { return (rouge1 + rouge2 + rouge_l + rouge_lsum) / 4; }
};

nlohmann::ordered_json to_json(const CellResult& result);
// The other way for the cell that was asked for. Throws nlohmann::json::exception.
CellResult cell_result_from_json(const Cell& cell, const nlohmann::json& json);

}  // namespace trainer
