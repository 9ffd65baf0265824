// The error table and the choice made from it as JSON, for people and for reading back.
// docs/formats.md.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "reference_trainer/roste/search.h"

namespace trainer {

// {"calibration_samples", "terms": [{"layer", "tensor", "readers", "squared_norm",
// "squared_error": {"0000": ...}}]} and back, so that another search needs no calibration. Throws
// Error (RJ-02) with the JSON pointer of what is wrong in `where`, or names a layer beyond
// `layers`.
nlohmann::json to_json(const ErrorTable& table);
ErrorTable error_table_from_json(const nlohmann::json& json, std::size_t layers,
                                 const std::string& where);

// The table with "mode", "objective", "before", "after" and "rotation", which
// rotation_choice_from_json reads: such a file can be given as --rotations.
nlohmann::json to_json(const ErrorTable& table, const SearchResult& result,
                       const RotationChoice& choice);

// The result with the matrices it was measured with.
RotationChoice choice_of(const SearchResult& result, std::uint64_t seed, OnlineSigns online_signs);

}  // namespace trainer
