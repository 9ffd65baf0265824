#include "reference_trainer/study/stage_cache.h"

#include <fstream>
#include <span>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/json.h"
#include "reference_trainer/io/manifest.h"
#include "reference_trainer/io/staged_directory.h"

namespace trainer {
namespace {

constexpr const char* kKeyFile = "key.json";
constexpr const char* kResultFile = "result.json";
constexpr std::size_t kShownDigits = 12;

void check_key(const std::filesystem::path& directory, const nlohmann::json& key) {
  const std::filesystem::path file = directory / kKeyFile;
  const nlohmann::json found = parse_json(read_file(file, "CK-11"), {file.string(), "CK-11"});
  if (found == key) return;
  throw_bad_input({"CK-11", file.string(), "settings of another stage",
                   "those whose hash is in the directory's name",
                   "the directory was changed: move it away"});
}

}  // namespace

std::string hash_of_key(const nlohmann::json& key) {
  const std::string text = key.dump();  // keys of an object are sorted
  return hash_bytes(std::as_bytes(std::span(text)));
}

Stage open_stage(const std::filesystem::path& root, const std::string& label,
                 const nlohmann::json& key) {
  Stage stage{root / (label + "-" + hash_of_key(key).substr(0, kShownDigits)), std::nullopt};
  std::error_code error;
  std::filesystem::create_directories(stage.directory, error);
  if (error) {
    throw_io({"IO-02", stage.directory.string(), "", "a directory that can be created", ""},
             error.value());
  }
  if (!std::filesystem::exists(stage.directory / kKeyFile)) {
    write_file_atomically(stage.directory / kKeyFile, key.dump(2) + "\n");
    return stage;
  }
  check_key(stage.directory, key);
  const std::filesystem::path file = stage.directory / kResultFile;
  if (std::filesystem::exists(file)) {
    stage.result = parse_json(read_file(file, "CK-11"), {file.string(), "CK-11"});
  }
  return stage;
}

bool is_finished(const std::filesystem::path& root, const std::string& label,
                 const nlohmann::json& key) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root, error)) {
    const std::string name = entry.path().filename().string();
    if (name.size() != label.size() + 1 + kShownDigits || !name.starts_with(label + "-")) continue;
    if (!std::filesystem::exists(entry.path() / kResultFile, error)) continue;
    std::ifstream file(entry.path() / kKeyFile);
    nlohmann::json found = nlohmann::json::parse(file, nullptr, false);
    if (!found.is_object()) continue;
    found.erase("start");
    if (found == key) return true;
  }
  return false;
}

void finish_stage(const Stage& stage, const nlohmann::ordered_json& result) {
  write_file_atomically(stage.directory / kResultFile, result.dump(2) + "\n");
}

}  // namespace trainer
