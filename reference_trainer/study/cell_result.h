// What a cell came to, as its result.json keeps it.
#pragma once

#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "reference_trainer/eval/evaluate.h"
#include "reference_trainer/study/cells.h"

namespace trainer {

inline constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

struct CellResult {
  Cell cell;
  // Nats per target token; NaN without samples.
  double validation_loss = kNotMeasured, test_loss = kNotMeasured;
  // In [0, 100], of greedy generations on the test samples; NaN where nothing has a prompt.
  double rouge1 = kNotMeasured, rouge2 = kNotMeasured;
  double rouge_l = kNotMeasured, rouge_lsum = kNotMeasured;
  // [layers] R1 R2 R3 R4: 0 none, 1 Hadamard, L learned.
  std::vector<std::string> rotations;
  double seconds = 0;       // training and evaluation, when it was computed
  std::string directory;    // of its stage, below the study's
  nlohmann::json settings;  // everything that decided the result
  std::string failure;      // line of the error for which there are no losses; empty: none

  std::string failure_code() const { return failure.substr(0, failure.find(' ')); }  // "TR-01"

  double rouge_average() const { return (rouge1 + rouge2 + rouge_l + rouge_lsum) / 4; }
};

// What was measured on the test samples.
void set_scores(const Evaluation& evaluation, CellResult& result);

nlohmann::ordered_json to_json(const CellResult& result);
// The other way for the cell that was asked for; `where` is the file. Throws Error (CK-11).
CellResult cell_result_from_json(const Cell& cell, const nlohmann::json& json,
                                 const std::string& where);

// Where the validation loss is smallest, the first of equals; NaN is larger than any number.
// `results` must not be empty.
std::size_t best_on_validation(std::span<const CellResult> results);
bool is_better(const CellResult& a, const CellResult& b);

}  // namespace trainer
