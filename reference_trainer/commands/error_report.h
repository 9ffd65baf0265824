// The terms of eq. (12) as tables for people and JSON for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "reference_trainer/roste/search_json.h"

namespace trainer {

// One row for each kind of tensor and layer: its error unrotated and under each rotation it depends
// on, relative to its squared norm, and the sums of eq. (12).
std::string error_table_text(const ErrorTable& table);

// The 16 objectives of a shared search, best first; of another search its choice by layer.
std::string search_text(const ErrorTable& table, const SearchResult& result);
// {"rotation", "mode", "before", "after", "terms", ...}, and of a shared search also "best" and the
// 16 "objectives": what --rotations FILE reads.
nlohmann::json search_json(const ErrorTable& table, const SearchResult& result,
                           const RotationChoice& choice);

// The digits of all layers where they are the same, else one by one.
std::string rotations_text(const RotationChoice& choice);

}  // namespace trainer
