#include "reference_trainer/baselines/lora_files.h"

#include <algorithm>
#include <cmath>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/exact_json.h"
#include "reference_trainer/io/staged_directory.h"

namespace trainer {
namespace {

using nlohmann::json;

constexpr int kFormatVersion = 1;
constexpr std::int64_t kMostRank = 1 << 20;  // and alpha: what the command line allows
constexpr double kMostAlpha = 1e6;
constexpr const char* kRecordFile = "adapter.json";
constexpr const char* kTensorFile = "adapter.safetensors";

json to_json(const LoraRecord& record) {
  json targets = json::array();
  for (const Linear l : record.settings.targets) targets.push_back(linear_name(l));
  return {{"format_version", kFormatVersion},
          {"r", record.settings.rank},
          {"alpha", record.settings.alpha},
          {"targets", targets},
          {"seed", record.settings.seed},
          {"rotation", to_json(record.base.choice)},
          {"base_xxh3_128", record.base.model_hash},
          {"rotated_base_xxh3_128", record.base.rotated_hash},
          {"adapter_xxh3_128", record.adapter_hash}};
}

[[noreturn]] void reject(const std::string& where, const std::string& got,
                         const std::string& expected) {
  throw_bad_input({"AD-01", where, got, expected, "adapter.json is described in docs/formats.md"});
}

// The members of adapter.json; every error names file and JSON pointer.
class Reader {
 public:
  Reader(const json& object, std::string file) : object_(object), file_(std::move(file)) {}

  std::string where(const std::string& key) const { return file_ + ":/" + key; }

  template <class T>
  T get(const char* key) const {
    if (!object_.is_object() || !object_.contains(key)) reject(where(key), "nothing", "a value");
    try {
      if (const auto value = exactly<T>(object_.at(key))) return *value;
    } catch (const json::exception&) {
      // Reported below.
    }
    reject(where(key), shown(object_.at(key)), "another type of value");
  }

  std::vector<Linear> targets() const {
    std::vector<Linear> found;
    const auto names = get<std::vector<std::string>>("targets");
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto named = [&](Linear l) { return names[i] == linear_name(l); };
      const auto at = std::find_if(kLinears.begin(), kLinears.end(), named);
      if (at == kLinears.end())
        reject(where("targets/" + std::to_string(i)), in_quotes(names[i]),
               "a linear layer such as \"self_attn.q_proj\"");
      found.push_back(*at);
    }
    return found;
  }

 private:
  const json& object_;
  std::string file_;
};

void require_hash(const ErrorParts& otherwise, const std::string& got) {
  if (got != otherwise.expected) throw_bad_input(otherwise);
}

LoraSettings read_settings(const Reader& reader) {
  LoraSettings settings;
  settings.rank = reader.get<std::int64_t>("r");
  settings.alpha = reader.get<double>("alpha");
  settings.targets = reader.targets();
  settings.seed = reader.get<std::uint64_t>("seed");
  if (settings.rank < 1 || settings.rank > kMostRank)
    reject(reader.where("r"), std::to_string(settings.rank), "a rank from 1 to 1048576");
  if (!(settings.alpha > 0 && settings.alpha <= kMostAlpha))
    reject(reader.where("alpha"), json(settings.alpha).dump(), "a number in (0, 1e6]");
  if (settings.targets.empty()) reject(reader.where("targets"), "[]", "at least one linear layer");
  return settings;
}

}  // namespace

void write_adapter_files(const std::filesystem::path& directory, LoraRecord record,
                         std::span<const FloatTensorView> tensors) {
  StagedDirectory staged(directory);
  write_safetensors(staged.path() / kTensorFile, tensors, {});
  record.adapter_hash = hash_file(staged.path() / kTensorFile);
  write_file_atomically(staged.path() / kRecordFile, to_json(record).dump(2) + "\n");
  staged.commit();
}

LoraRecord read_adapter_record(const std::filesystem::path& directory, const ModelShape& shape) {
  const std::string file = (directory / kRecordFile).string();
  const json object = parse_json(read_file(file, "AD-01"), {.where = file, .code = "AD-01"});
  const Reader reader(object, file);
  const int version = reader.get<int>("format_version");
  if (version != kFormatVersion)
    reject(reader.where("format_version"), std::to_string(version), std::to_string(kFormatVersion));
  LoraRecord record;
  record.settings = read_settings(reader);
  record.base.choice =
      rotation_choice_from_json(shape, reader.get<json>("rotation"), reader.where("rotation"));
  record.base.model_hash = reader.get<std::string>("base_xxh3_128");
  record.base.rotated_hash = reader.get<std::string>("rotated_base_xxh3_128");
  record.adapter_hash = reader.get<std::string>("adapter_xxh3_128");
  const std::string tensors = read_file(directory / kTensorFile, "AD-04");
  const std::string hash = hash_bytes(std::as_bytes(std::span(tensors)));
  require_hash({"AD-04", (directory / kTensorFile).string(), "contents whose hash is " + hash,
                record.adapter_hash, "the file was changed after it was saved"},
               hash);
  return record;
}

void require_model(const std::filesystem::path& directory, const std::string& got,
                   const std::string& expected) {
  require_hash({"AD-02", directory.string(), "a base model whose hash is " + got, expected,
                "give the model that the adapters were trained beside"},
               got);
}

void require_rotated(const std::filesystem::path& directory, const std::string& got,
                     const std::string& expected) {
  require_hash({"AD-03", directory.string(), "a rotated base whose hash is " + got, expected,
                "rotation and seed in adapter.json are not those of the training"},
               got);
}

std::vector<float> read_adapter_tensor(const SafetensorsFile& file, const std::string& name,
                                       const std::vector<std::int64_t>& shape) {
  const auto found = file.tensors().find(name);
  const std::string where = file.path().string() + ":/" + name;
  if (found == file.tensors().end())
    throw_bad_input({"AD-04", where, "no such tensor", shape_text(shape), ""});
  if (found->second.shape != shape)
    throw_bad_input({"AD-04", where, shape_text(found->second.shape), shape_text(shape), ""});
  std::vector<float> values(static_cast<std::size_t>(found->second.elements()));
  file.read_floats(name, values);
  const auto finite = [](float x) { return std::isfinite(x); };
  if (!std::all_of(values.begin(), values.end(), finite))
    throw_bad_input({"AD-04", where, "a value that is not finite", "finite numbers", ""});
  return values;
}

}  // namespace trainer
