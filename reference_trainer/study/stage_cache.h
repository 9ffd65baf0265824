// Results that are kept under what they were computed from, so that an interrupted study goes on
// where it was, and a number can be traced to the log it came from.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace trainer {

// Raised when a change of the program changes results: older ones are then computed again.
inline constexpr int kResultsVersion = 1;

// A directory <root>/<label>-<first 12 digits of the key's hash>: key.json, whatever the stage
// writes, and result.json, which appears last.
struct Stage {
  std::filesystem::path directory;
  std::optional<nlohmann::json> result;  // of an earlier run
};

// XXH3-128 of the key's text, which is the same for equal keys.
std::string hash_of_key(const nlohmann::json& key);

// Opens or creates the stage of `key`; `label` is for people. Throws Error(kIo) when the directory
// cannot be written, Error (CK-11) when it holds another key or a result that is not JSON.
Stage open_stage(const std::filesystem::path& root, const std::string& label,
                 const nlohmann::json& key);

// Whether a finished stage below `root` has this label and a key that is `key` but for its "start",
// which is not known before the start is loaded. For estimates. A key that cannot be read is none.
bool is_finished(const std::filesystem::path& root, const std::string& label,
                 const nlohmann::json& key);

// Makes the stage finished.
void finish_stage(const Stage& stage, const nlohmann::ordered_json& result);

}  // namespace trainer
