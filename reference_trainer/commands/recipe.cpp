#include "reference_trainer/commands/recipe.h"

#include <yaml-cpp/yaml.h>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/json.h"

namespace trainer {
namespace {

// yaml-cpp keeps some 230 bytes for a bracket before it finds that none is closed.
constexpr std::size_t kLargestRecipe = std::size_t{1} << 15;

[[noreturn]] void throw_malformed(const std::string& where, const YAML::Mark& mark,
                                  const std::string& got, const std::string& expected) {
  const std::string position =
      mark.is_null() ? ""
                     : ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
  throw_usage({"CL-10", where + position, got, expected, "a recipe is flat: learning_rate: 2e-3"});
}

std::string scalar_text(const YAML::Node& node, const std::string& key, const std::string& where) {
  if (!node.IsScalar()) {
    throw_malformed(where, node.Mark(), node.IsNull() ? "no value" : "a nested value",
                    "text or a number for '" + key + "'");
  }
  return node.Scalar();
}

std::string value_text(const YAML::Node& node, const std::string& key, const std::string& where) {
  if (!node.IsSequence()) return scalar_text(node, key, where);
  std::string joined;
  for (const YAML::Node& item : node) {
    if (!joined.empty()) joined += ',';
    joined += scalar_text(item, key, where);
  }
  if (joined.empty())
    throw_malformed(where, node.Mark(), "an empty list", "at least one item for '" + key + "'");
  return joined;
}

std::vector<YAML::Node> load_documents(std::string_view yaml, const std::string& where) {
  try {
    return YAML::LoadAll(std::string(yaml));
  } catch (const YAML::Exception& failure) {
    throw_malformed(where, failure.mark, failure.msg, "YAML");
  }
}

}  // namespace

std::vector<RecipeEntry> parse_recipe(std::string_view yaml, const std::string& where) {
  const std::vector<YAML::Node> documents = load_documents(yaml, where);
  if (documents.empty() || (documents.size() == 1 && documents[0].IsNull())) return {};
  if (documents.size() > 1) {
    throw_malformed(where, documents[1].Mark(), std::to_string(documents.size()) + " documents",
                    "one");
  }
  const YAML::Node& root = documents[0];
  if (!root.IsMap()) throw_malformed(where, root.Mark(), "no map", "lines of the form key: value");
  std::vector<RecipeEntry> entries;
  for (const auto& pair : root) {
    const std::string key = scalar_text(pair.first, "a key", where);
    entries.push_back({key, value_text(pair.second, key, where), pair.first.Mark().line + 1});
  }
  return entries;
}

std::vector<RecipeEntry> read_recipe(const std::filesystem::path& file) {
  const std::string yaml = read_file(file);
  if (yaml.size() > kLargestRecipe) {
    throw_usage({"CL-10", file.string(), std::to_string(yaml.size()) + " bytes",
                 "a recipe of at most " + std::to_string(kLargestRecipe) + " bytes", ""});
  }
  return parse_recipe(yaml, file.string());
}

}  // namespace trainer
