// The safetensors format, https://github.com/huggingface/safetensors: a little-endian u64 header
// length, a JSON header, then the tensors' bytes without holes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "reference_trainer/io/file.h"

namespace trainer {

enum class DType { kF32, kF16, kBF16, kI64, kI32, kU8 };

// "F32", ... as in the file.
const char* dtype_name(DType dtype);
// Bytes per element.
std::uint64_t dtype_size(DType dtype);

struct TensorInfo {
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;   // at most 8 dimensions; empty for a scalar
  std::uint64_t begin = 0, end = 0;  // byte range inside the data section
  std::int64_t elements() const;     // product of shape, 1 for a scalar
};

// "[2, 3]"
std::string shape_text(std::span<const std::int64_t> shape);

// An open, fully checked file; values are read by position (pread), never mapped, so a file that is
// cut short while we read is an error and not a signal. Copies share one descriptor; reading is
// safe from several threads.
class SafetensorsFile {
 public:
  // Throws Error with code ST-01 ... ST-19 of docs/errors.md, or with the codes of `rules`.
  static SafetensorsFile open(const std::filesystem::path& path,
                              const OpenRules& rules = {"ST-12", "ST-21", Links::kFollow});

  const std::map<std::string, TensorInfo>& tensors() const;
  const std::map<std::string, std::string>& metadata() const;
  const std::filesystem::path& path() const;

  // Converts F32, F16 or BF16 to float. values.size() must equal the tensor's elements()
  // (std::invalid_argument). Throws ST-11 for integers, ST-23 when there is no such tensor, ST-13
  // when the file has been cut short.
  void read_floats(const std::string& name, std::span<float> values) const;
  // The same for values.size() elements from `first` on, which must lie inside of the tensor.
  void read_floats(const std::string& name, std::int64_t first, std::span<float> values) const;
  // Bytes as stored. bytes.size() must equal end - begin. Throws as read_floats.
  void read_bytes(const std::string& name, std::span<std::byte> bytes) const;

 private:
  struct State;
  explicit SafetensorsFile(std::shared_ptr<const State> state);
  const TensorInfo& find(const std::string& name) const;

  std::shared_ptr<const State> state_;
};

struct FloatTensorView {
  std::string name;
  std::vector<std::int64_t> shape;
  std::span<const float> values;
};

// Any tensor, as it is stored.
struct TensorView {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};
TensorView stored_view(const FloatTensorView& tensor);

// Writes tensors in the order given, header padded to 8 bytes with spaces, then fsyncs. Creates
// `path` or a new file in its place, so that views into a mapping of the old one stay valid;
// callers that must not leave half a file write into a StagedDirectory. Throws
// std::invalid_argument when a name comes twice or a shape does not fit its values, Error(kIo,
// IO-02).
void write_safetensors(const std::filesystem::path& path, std::span<const TensorView> tensors,
                       const std::map<std::string, std::string>& metadata);

// The same for F32 tensors.
void write_safetensors(const std::filesystem::path& path, std::span<const FloatTensorView> tensors,
                       const std::map<std::string, std::string>& metadata);

}  // namespace trainer
