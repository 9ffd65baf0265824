// The GGUF format, version 3: magic, counts, metadata, tensor descriptions, then the tensors'
// bytes, each from a multiple of 32 on. Everything is little-endian; lengths and counts are u64.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace trainer {

// Types of tensors, with the numbers that the format gives them.
enum class GgmlType : std::uint32_t { kF32 = 0, kF16 = 1, kQ4_1 = 3, kQ8_0 = 8 };

// Bytes of `values` values; those of Q4_1 and Q8_0 come in blocks of 32.
std::uint64_t ggml_bytes(GgmlType type, std::uint64_t values);

class GgufFile {
 public:
  static constexpr std::uint64_t kAlignment = 32;

  // Each key once (std::invalid_argument).
  void set_u32(const std::string& key, std::uint32_t value);
  void set_f32(const std::string& key, float value);
  void set_true(const std::string& key);
  void set_false(const std::string& key);
  void set_string(const std::string& key, std::string_view value);
  void set_strings(const std::string& key, std::span<const std::string> values);
  void set_f32s(const std::string& key, std::span<const float> values);
  void set_i32s(const std::string& key, std::span<const std::int32_t> values);

  // `shape` as everywhere here, slowest first; the file has it the other way round. Throws
  // std::invalid_argument for a name that is taken, more than 4 dimensions, a row that is not made
  // of whole blocks, or bytes that are not those of the shape.
  void add_tensor(std::string name, GgmlType type, std::vector<std::int64_t> shape,
                  std::vector<std::byte> bytes);

  // Creates or truncates `path`, fsyncs. Throws Error(kIo, IO-02).
  void write(const std::filesystem::path& path) const;

 private:
  struct Tensor {
    std::string name;
    GgmlType type;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> bytes;
  };
  void begin_value(const std::string& key, std::uint32_t type);
  std::string header() const;

  std::set<std::string> keys_, names_;
  std::string metadata_;  // as in the file
  std::vector<Tensor> tensors_;
};

}  // namespace trainer
