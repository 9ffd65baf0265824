// A recipe: the flags of a command in a YAML file, one `key: value` a line, so that a run can be
// repeated. Values stay text: they go through the same parser as flags, so YAML's own idea of what
// a number is (3e-5 is a string in YAML 1.1) never matters.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace trainer {

struct RecipeEntry {
  std::string key;    // a flag without its dashes, e.g. learning_rate
  std::string value;  // scalars as written; the items of a list joined by commas
  int line = 0;       // from 1
};

// The entries of `yaml` in file order; keys are neither checked against flags nor for repetition.
// `where` names the file in errors. Throws Error(kUsage): CL-10 for malformed YAML, more than one
// document, a value that is neither a scalar nor a list of scalars, or an empty value.
std::vector<RecipeEntry> parse_recipe(std::string_view yaml, const std::string& where);

// Reads and parses a file of at most 1 MiB. Throws as read_file and parse_recipe do.
std::vector<RecipeEntry> read_recipe(const std::filesystem::path& file);

}  // namespace trainer
