#include <array>
#include <system_error>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/file.h"
#include "reference_trainer/io/model_config.h"
#include "reference_trainer/io/model_directory.h"
#include "reference_trainer/io/staged_directory.h"

namespace trainer {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRosteFile = "roste.json";

// All that a tokenizer of transformers may consist of.
constexpr std::array kTokenizerFiles = {"tokenizer.json",    "tokenizer_config.json",
                                        "tokenizer.model",   "special_tokens_map.json",
                                        "added_tokens.json", "vocab.json",
                                        "merges.txt",        "chat_template.jinja"};

template <typename Json>
void write_json(const fs::path& path, const Json& value) {
  const std::string text = value.dump(2) + "\n";
  write_whole_file(path, std::as_bytes(std::span(text)));
}

const char* torch_name(DType dtype) {
  if (dtype == DType::kF16) return "float16";
  return dtype == DType::kBF16 ? "bfloat16" : "float32";
}

void copy_tokenizer(const fs::path& from, const fs::path& to) {
  if (from.empty()) return;
  for (const char* name : kTokenizerFiles) {
    std::error_code absent;
    if (!fs::exists(from / name, absent)) continue;
    const std::string contents = read_file(from / name, "TK-01");
    write_whole_file(to / name, std::as_bytes(std::span(contents)));
  }
}

}  // namespace

nlohmann::json read_roste_json(const fs::path& directory) {
  const fs::path path = directory / kRosteFile;
  std::error_code absent;
  if (!fs::exists(path, absent)) return nullptr;
  return parse_json(
      read_file(path, "CF-01"),
      {.where = path.string(), .code = "CF-01", .depth_code = "CF-03", .duplicate_code = "CF-10"});
}

void write_model_files(const fs::path& directory, const ModelMetadata& metadata) {
  nlohmann::ordered_json config = config_json(metadata.shape);
  config["torch_dtype"] = torch_name(metadata.dtype);
  config.update(metadata.config);
  write_json(directory / "config.json", config);
  write_json(directory / "generation_config.json", generation_config_json(metadata.shape));
  if (!metadata.roste.is_null()) write_json(directory / kRosteFile, metadata.roste);
  copy_tokenizer(metadata.tokenizer_directory, directory);
  if (metadata.write_more) metadata.write_more(directory);
}

void write_model_directory(const fs::path& directory, const ModelMetadata& metadata,
                           std::span<const TensorView> tensors) {
  StagedDirectory staged(directory);
  // transformers refuses a file whose metadata does not name the framework.
  write_safetensors(staged.path() / "model.safetensors", tensors, {{"format", "pt"}});
  write_model_files(staged.path(), metadata);
  staged.commit();
}

void write_model_directory(const fs::path& directory, const ModelMetadata& metadata,
                           std::span<const FloatTensorView> tensors) {
  std::vector<TensorView> views;
  for (const FloatTensorView& tensor : tensors) views.push_back(stored_view(tensor));
  write_model_directory(directory, metadata, views);
}

}  // namespace trainer
