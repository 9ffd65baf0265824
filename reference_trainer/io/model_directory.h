// A Hugging Face model directory in and out: config.json, (sharded) safetensors, tokenizer files,
// and our own roste.json beside them.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reference_trainer/io/json.h"
#include "reference_trainer/io/model_shape.h"
#include "reference_trainer/io/safetensors.h"

namespace trainer {

// config.json (and generation_config.json where it is present, for the end-of-text ids) to a shape.
// Reads the keys of transformers v4 and v5. Throws Error with codes CF-01 ... CF-10.
ModelShape read_model_shape(const std::filesystem::path& directory);

// All tensors of model.safetensors, or of the shards that model.safetensors.index.json names.
class WeightFiles {
 public:
  // Opens and checks every file, reads no values. Throws Error with the codes of SafetensorsFile
  // and ST-20, ST-21, ST-22, ST-25.
  static WeightFiles open(const std::filesystem::path& directory);

  const std::filesystem::path& directory() const { return directory_; }

  bool contains(const std::string& name) const;
  // Throws ST-23 when there is no such tensor.
  const TensorInfo& info(const std::string& name) const;
  std::vector<std::string> names() const;  // sorted
  // As SafetensorsFile::read_floats, and a safe point to stop at.
  void read_floats(const std::string& name, std::span<float> values) const;
  void read_floats(const std::string& name, std::int64_t first, std::span<float> values) const;
  // As SafetensorsFile::read_bytes.
  void read_bytes(const std::string& name, std::span<std::byte> bytes) const;

 private:
  WeightFiles(std::filesystem::path directory, std::vector<SafetensorsFile> files);
  const SafetensorsFile& file_with(const std::string& name) const;

  std::filesystem::path directory_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, std::size_t> file_of_;  // tensor name to index into files_
};

struct ExpectedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::optional<DType> dtype = std::nullopt;  // none: floats of any kind
};

enum class NonFinite { kReject, kAllow };

// Throws one Error (ST-23) that lists up to 20 problems: tensors missing, unexpected or of the
// wrong shape. Names in `ignored` may be present (e.g. rotary_emb.inv_freq, a tied lm_head.weight).
void check_tensor_list(const WeightFiles& files, std::span<const ExpectedTensor> expected,
                       std::span<const std::string> ignored);

// Throws ST-24 naming the tensor and the first index that is NaN or infinite; `values` are those of
// the tensor from `first` on.
void check_finite(const std::string& tensor, const std::filesystem::path& directory,
                  std::span<const float> values, std::int64_t first = 0);

// What a model directory holds besides weights.
struct ModelMetadata {
  ModelShape shape;
  nlohmann::json roste;                       // contents of roste.json; null when there is none
  std::filesystem::path tokenizer_directory;  // where tokenizer files are copied from
  // Writes what else belongs to the model into the directory it is given; may be empty.
  std::function<void(const std::filesystem::path&)> write_more = {};
  DType dtype = DType::kF32;  // of the weights, for readers of config.json
  // Keys of config.json besides, or in place of, those that the shape implies.
  nlohmann::ordered_json config = nlohmann::ordered_json::object();
};

// roste.json of `directory`, or null. Throws CF-01, CF-03 or CF-10 when it is malformed.
nlohmann::json read_roste_json(const std::filesystem::path& directory);

// Everything but the weights, into a directory that exists: see write_model_directory.
void write_model_files(const std::filesystem::path& directory, const ModelMetadata& metadata);

// Writes config.json, generation_config.json, model.safetensors, roste.json if not null, and
// copies of the tokenizer files as far as they exist, so that `directory` appears complete or not
// at all. `directory` must be absent or empty. Throws Error(kIo), and std::invalid_argument when
// the architecture cannot express the shape's biases.
void write_model_directory(const std::filesystem::path& directory, const ModelMetadata& metadata,
                           std::span<const TensorView> tensors);
void write_model_directory(const std::filesystem::path& directory, const ModelMetadata& metadata,
                           std::span<const FloatTensorView> tensors);

}  // namespace trainer
