// The terms of eq. (12) as tables for people and JSON for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "reference_trainer/roste/error_table.h"

namespace trainer {

// One row for each kind of tensor and layer: its error unrotated and under each rotation it depends
// on, relative to its squared norm, and the sums of eq. (12).
std::string error_table_text(const ErrorTable& table);
nlohmann::json error_table_json(const ErrorTable& table);

// The 16 objectives, best first.
std::string search_text(const SharedSearch& search);
// {"rotation": ..., "best", "objectives", "terms"}: what --rotations FILE reads.
nlohmann::json search_json(const SharedSearch& search, const ErrorTable& table,
                           const RotationChoice& choice);

}  // namespace trainer
