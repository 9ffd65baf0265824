#include "reference_trainer/io/gguf_file.h"

#include <stdexcept>

#include "reference_trainer/io/file.h"

namespace trainer {
namespace {

constexpr std::uint32_t kVersion = 3;
constexpr std::int64_t kBlock = 32;
constexpr std::size_t kMaxRank = 4;

// Types of metadata, with the numbers that the format gives them.
enum ValueType : std::uint32_t {
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9
};

template <class Number>
void append(std::string& bytes, Number number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append_string(std::string& bytes, std::string_view text) {
  append(bytes, std::uint64_t{text.size()});
  bytes.append(text);
}

std::uint64_t aligned(std::uint64_t offset) {
  return (offset + GgufFile::kAlignment - 1) / GgufFile::kAlignment * GgufFile::kAlignment;
}

std::uint64_t values_of(const std::vector<std::int64_t>& shape) {
  std::uint64_t values = 1;
  for (const std::int64_t n : shape) values *= static_cast<std::uint64_t>(n);
  return values;
}

bool has_blocks(GgmlType type) { return type == GgmlType::kQ4_1 || type == GgmlType::kQ8_0; }

}  // namespace

std::uint64_t ggml_bytes(GgmlType type, std::uint64_t values) {
  if (type == GgmlType::kF32) return 4 * values;
  if (type == GgmlType::kF16) return 2 * values;
  return values / kBlock * (type == GgmlType::kQ4_1 ? 20 : 34);
}

void GgufFile::begin_value(const std::string& key, std::uint32_t type) {
  if (!keys_.insert(key).second) throw std::invalid_argument("GgufFile: key " + key + " is taken");
  append_string(metadata_, key);
  append(metadata_, type);
}

void GgufFile::set_u32(const std::string& key, std::uint32_t value) {
  begin_value(key, kUint32);
  append(metadata_, value);
}

void GgufFile::set_f32(const std::string& key, float value) {
  begin_value(key, kFloat32);
  append(metadata_, value);
}

void GgufFile::set_true(const std::string& key) {
  begin_value(key, kBool);
  append(metadata_, std::uint8_t{1});
}

void GgufFile::set_false(const std::string& key) {
  begin_value(key, kBool);
  append(metadata_, std::uint8_t{0});
}

void GgufFile::set_string(const std::string& key, std::string_view value) {
  begin_value(key, kString);
  append_string(metadata_, value);
}

void GgufFile::set_strings(const std::string& key, std::span<const std::string> values) {
  begin_value(key, kArray);
  append(metadata_, std::uint32_t{kString});
  append(metadata_, std::uint64_t{values.size()});
  for (const std::string& value : values) append_string(metadata_, value);
}

void GgufFile::set_f32s(const std::string& key, std::span<const float> values) {
  begin_value(key, kArray);
  append(metadata_, std::uint32_t{kFloat32});
  append(metadata_, std::uint64_t{values.size()});
  for (const float value : values) append(metadata_, value);
}

void GgufFile::set_i32s(const std::string& key, std::span<const std::int32_t> values) {
  begin_value(key, kArray);
  append(metadata_, std::uint32_t{kInt32});
  append(metadata_, std::uint64_t{values.size()});
  for (const std::int32_t value : values) append(metadata_, value);
}

void GgufFile::add_tensor(std::string name, GgmlType type, std::vector<std::int64_t> shape,
                          std::vector<std::byte> bytes) {
  const bool whole = !has_blocks(type) || shape.back() % kBlock == 0;
  if (shape.empty() || shape.size() > kMaxRank || !whole ||
      bytes.size() != ggml_bytes(type, values_of(shape))) {
    throw std::invalid_argument("GgufFile: shape of " + name);
  }
  if (!names_.insert(name).second)
    throw std::invalid_argument("GgufFile: tensor " + name + " is taken");
  tensors_.push_back({std::move(name), type, std::move(shape), std::move(bytes)});
}

std::string GgufFile::header() const {
  std::string bytes = "GGUF";
  append(bytes, kVersion);
  append(bytes, std::uint64_t{tensors_.size()});
  append(bytes, std::uint64_t{keys_.size()});
  bytes += metadata_;
  std::uint64_t offset = 0;
  for (const Tensor& tensor : tensors_) {
    append_string(bytes, tensor.name);
    append(bytes, static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto n = tensor.shape.rbegin(); n != tensor.shape.rend(); ++n)
      append(bytes, static_cast<std::uint64_t>(*n));
    append(bytes, static_cast<std::uint32_t>(tensor.type));
    append(bytes, offset);
    offset = aligned(offset + tensor.bytes.size());
  }
  bytes.resize(aligned(bytes.size()), '\0');
  return bytes;
}

void GgufFile::write(const std::filesystem::path& path) const {
  OutputFile file = OutputFile::create(path);
  const std::string head = header();
  file.write(std::as_bytes(std::span(head)));
  const std::vector<std::byte> zeros(kAlignment);
  for (const Tensor& tensor : tensors_) {
    file.write(tensor.bytes);
    const std::uint64_t size = tensor.bytes.size();
    file.write(std::span(zeros).first(aligned(size) - size));
  }
  file.finish();
}

}  // namespace trainer
