// Results of cells as if they had been computed.
#pragma once

#include <string>

#include "reference_trainer/study/cell_result.h"

namespace trainer::test {

// `method` as in --methods. All scores follow from the loss.
inline CellResult result_of(const std::string& method, const std::string& setting,
                            std::uint64_t seed, double loss) {
  CellResult r;
  r.cell = cells_of({"pythia"}, method, {parse_setting(setting, {})}, 1).at(0);
  r.cell.seed = seed;
  r.validation_loss = r.test_loss = loss;
  r.rouge1 = r.rouge2 = r.rouge_l = r.rouge_lsum = 100 - 10 * loss;
  r.rotations = {"0000", "0000"};
  r.directory = "cells/" + method + "-" + setting + "-" + std::to_string(seed);
  return r;
}

}  // namespace trainer::test
