#include <algorithm>
#include <cmath>
#include <set>
#include <system_error>
#include <utility>

#include "reference_trainer/base/error.h"
#include "reference_trainer/base/stop_request.h"
#include "reference_trainer/io/model_directory.h"
#include "reference_trainer/io/problem_list.h"

namespace trainer {
namespace {

namespace fs = std::filesystem;
using WeightMap = std::map<std::string, std::string>;  // tensor name to shard file name

constexpr std::size_t kLongestName = 255;  // bytes, of any file system in use

bool is_basename(const std::string& name) {
  return !name.empty() && name.size() <= kLongestName && name != "." && name != ".." &&
         name.find('/') == std::string::npos && name.find('\0') == std::string::npos;
}

WeightMap read_weight_map(const fs::path& index_path) {
  const nlohmann::json index =
      parse_json(read_file(index_path, "ST-03"),
                 {.where = index_path.string(), .code = "ST-03", .duplicate_code = "ST-04"});
  const std::string where = index_path.string() + ":/weight_map";
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) {
    throw_bad_input({"ST-03", where, "no such object", "tensor names and shard file names", ""});
  }
  WeightMap map;
  for (const auto& [tensor, file] : index["weight_map"].items()) {
    if (!file.is_string() || !is_basename(file.get<std::string>())) {
      throw_bad_input({"ST-20", where + pointer_step(tensor), shown(file),
                       "the name of a file beside the index", "shards lie in the same directory"});
    }
    map.emplace(tensor, file.get<std::string>());
  }
  return map;
}

bool is_present(const fs::path& path) {
  std::error_code error;
  // A dangling link counts as existing: opening it says what is wrong with it.
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

[[noreturn]] void throw_no_weights(const fs::path& directory) {
  const bool pickled = is_present(directory / "pytorch_model.bin") ||
                       is_present(directory / "pytorch_model.bin.index.json");
  throw_bad_input({"ST-25", directory.string(), pickled ? "only pytorch_model.bin" : "no weights",
                   "model.safetensors or model.safetensors.index.json",
                   pickled ? "a pickle can run code; convert it with save_pretrained("
                             "safe_serialization=True)"
                           : ""});
}

// Opens the shards of `map`; tells what is missing.
std::vector<SafetensorsFile> open_shards(const fs::path& directory, const WeightMap& map,
                                         ProblemList& problems) {
  std::set<std::string> names;
  for (const auto& [tensor, file] : map) names.insert(file);
  std::vector<SafetensorsFile> shards;
  for (const std::string& name : names) {
    if (is_present(directory / name)) {
      shards.push_back(SafetensorsFile::open(directory / name, {"ST-22", "ST-21", Links::kRefuse}));
    } else {
      problems.add("shard " + in_quotes(name) + " is missing");
    }
  }
  return shards;
}

// The shards and the index must agree on which tensor is where.
void compare_with_index(const std::vector<SafetensorsFile>& shards, const WeightMap& map,
                        ProblemList& problems) {
  std::map<std::string, std::string> found_in;
  std::set<std::string> opened;
  for (const SafetensorsFile& shard : shards) {
    const std::string file = shard.path().filename().string();
    opened.insert(file);
    for (const auto& [tensor, info] : shard.tensors()) {
      const auto [first, is_new] = found_in.emplace(tensor, file);
      if (!is_new) {
        problems.add("tensor " + in_quotes(tensor) + " is in two shards, " +
                     in_quotes(first->second) + " and " + in_quotes(file));
      } else if (!map.contains(tensor)) {
        problems.add("tensor " + in_quotes(tensor) + " of " + in_quotes(file) +
                     " is not in the index");
      }
    }
  }
  for (const auto& [tensor, file] : map) {
    const auto found = found_in.find(tensor);
    if (opened.contains(file) && (found == found_in.end() || found->second != file)) {
      problems.add("tensor " + in_quotes(tensor) + " is absent from " + in_quotes(file));
    }
  }
}

std::vector<SafetensorsFile> open_sharded(const fs::path& directory, const fs::path& index_path) {
  const WeightMap map = read_weight_map(index_path);
  ProblemList problems;
  std::vector<SafetensorsFile> shards = open_shards(directory, map, problems);
  compare_with_index(shards, map, problems);
  problems.throw_if_any("ST-22", index_path.string(), "shards that agree with the index");
  return shards;
}

std::string found_text(const TensorInfo& info) {
  return std::string(dtype_name(info.dtype)) + " " + shape_text(info.shape);
}

bool is_of_kind(DType dtype, std::optional<DType> wanted) {
  if (wanted) return dtype == *wanted;
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16;
}

}  // namespace

WeightFiles::WeightFiles(fs::path directory, std::vector<SafetensorsFile> files)
    : directory_(std::move(directory)), files_(std::move(files)) {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    for (const auto& [name, info] : files_[i].tensors()) file_of_.emplace(name, i);
  }
}

WeightFiles WeightFiles::open(const fs::path& directory) {
  const fs::path single = directory / "model.safetensors";
  if (is_present(single)) return WeightFiles(directory, {SafetensorsFile::open(single)});
  const fs::path index = directory / "model.safetensors.index.json";
  if (is_present(index)) return WeightFiles(directory, open_sharded(directory, index));
  throw_no_weights(directory);
}

const SafetensorsFile& WeightFiles::file_with(const std::string& name) const {
  const auto found = file_of_.find(name);
  if (found != file_of_.end()) return files_[found->second];
  throw_bad_input(
      {"ST-23", directory_.string(), "no tensor " + in_quotes(name), "this tensor", ""});
}

bool WeightFiles::contains(const std::string& name) const { return file_of_.contains(name); }

const TensorInfo& WeightFiles::info(const std::string& name) const {
  return file_with(name).tensors().at(name);
}

std::vector<std::string> WeightFiles::names() const {
  std::vector<std::string> all;
  for (const auto& [name, file] : file_of_) all.push_back(name);
  return all;
}

void WeightFiles::read_floats(const std::string& name, std::span<float> values) const {
  stop_if_requested();
  file_with(name).read_floats(name, values);
}

void WeightFiles::read_floats(const std::string& name, std::int64_t first,
                              std::span<float> values) const {
  stop_if_requested();
  file_with(name).read_floats(name, first, values);
}

void WeightFiles::read_bytes(const std::string& name, std::span<std::byte> bytes) const {
  file_with(name).read_bytes(name, bytes);
}

void check_tensor_list(const WeightFiles& files, std::span<const ExpectedTensor> expected,
                       std::span<const std::string> ignored) {
  ProblemList problems;
  std::set<std::string> known(ignored.begin(), ignored.end());
  for (const auto& [name, shape, dtype] : expected) {
    known.insert(name);
    if (!files.contains(name)) {
      problems.add(in_quotes(name) + " is missing, expected " + shape_text(shape));
      continue;
    }
    const TensorInfo& info = files.info(name);
    if (!is_of_kind(info.dtype, dtype) || info.shape != shape) {
      problems.add(in_quotes(name) + " is " + found_text(info) + ", expected " +
                   (dtype ? dtype_name(*dtype) : "floats of") + " " + shape_text(shape));
    }
  }
  for (const std::string& name : files.names()) {
    if (!known.contains(name)) {
      problems.add(in_quotes(name) + " is unexpected, " + found_text(files.info(name)));
    }
  }
  problems.throw_if_any("ST-23", files.directory().string(),
                        "the tensors that config.json implies");
}

void check_finite(const std::string& tensor, const fs::path& directory,
                  std::span<const float> values, std::int64_t first) {
  const auto bad =
      std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  if (bad == values.end()) return;
  throw_bad_input(
      {"ST-24", directory.string() + ":" + pointer_step(tensor),
       std::to_string(*bad) + " at index " + std::to_string(first + (bad - values.begin())),
       "finite values", "--allow_nonfinite reads it all the same"});
}

}  // namespace trainer
