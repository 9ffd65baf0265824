// What a study computes: cells (model, seed, method, bits), and the words by which they are asked
// for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference_trainer/model/sites.h"
#include "reference_trainer/study/methods.h"

namespace trainer {

// One row of a table for one seed.
struct Cell {
  std::string model;       // "pythia" or "llama", or the name of a model that was given
  std::uint64_t seed = 0;  // of the built-in task, the base model and the order of the data
  Method method = Method::kSft;
  int rounds = 1;     // K of Algorithm 1
  QuantConfig quant;  // all 16 bits for methods in full precision

  bool operator==(const Cell&) const;
};

// "roste", or "roste:2" for K = 2.
std::string method_word(const Cell& cell);
// "RoSTE", or "RoSTE, K = 2".
std::string method_label(const Cell& cell);
// "W4A4KV4"; 16: not quantized.
std::string setting_name(const QuantConfig& quant);

// A list such as
//   pythia/base+sft+roste/W3A3KV3+W4A4KV4/5,llama/sft+roste:2/W3A3KV3/1
// where a group is models/methods/settings/seeds: all methods at all settings for seeds 0 ...
// seeds - 1; methods in full precision occur once. Bits are put into `quantizers`. A cell that
// several groups name occurs once; the order is models, seeds, then as written. Throws
// std::invalid_argument naming the part that is wrong and what it could be.
std::vector<Cell> parse_cells(std::string_view text, const QuantConfig& quantizers);

// One group whose settings are given as they are; `methods` are words joined by +. Throws as
// parse_cells.
std::vector<Cell> cells_of(const std::vector<std::string>& models, std::string_view methods,
                           const std::vector<QuantConfig>& settings, std::int64_t seeds);

// The bits of "W4A4KV4" (2 to 8, or 16) put into `quantizers`. Throws std::invalid_argument.
QuantConfig parse_setting(std::string_view text, QuantConfig quantizers);

}  // namespace trainer
