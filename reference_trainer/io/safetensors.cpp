#include "reference_trainer/io/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>
#include <utility>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/half.h"
#include "reference_trainer/io/json.h"
#include "reference_trainer/io/safetensors_header.h"

namespace trainer {

static_assert(std::endian::native == std::endian::little,
              "safetensors files are little-endian and are read without swapping bytes");

struct SafetensorsFile::State {
  InputFile file;
  SafetensorsHeader header;
  std::uint64_t data_begin;  // byte of the file where the data section starts
};

namespace {

std::uint64_t read_header_length(const InputFile& file) {
  if (file.size() < kHeaderLengthBytes) {
    throw_bad_input({"ST-01", file.path().string(),
                     "a file of " + std::to_string(file.size()) + " bytes",
                     "at least 8 for the header length", "is this a safetensors file?"});
  }
  std::array<std::byte, kHeaderLengthBytes> bytes;
  file.read_at(0, bytes);
  const auto length = std::bit_cast<std::uint64_t>(bytes);
  const std::uint64_t limit = std::min(file.size() - kHeaderLengthBytes, kMaxHeaderBytes);
  if (length > limit) {
    throw_bad_input({"ST-02", file.path().string() + "@0",
                     "a header of " + std::to_string(length) + " bytes",
                     "at most " + std::to_string(limit), "is the file complete, and safetensors?"});
  }
  return length;
}

// Reads 16-bit floats in pieces, so that no second copy of a large tensor exists.
template <typename Decode>
void read_halves(const InputFile& file, std::uint64_t offset, Decode decode,
                 std::span<float> values) {
  std::vector<std::uint16_t> piece(std::min<std::size_t>(values.size(), 1 << 16));
  while (!values.empty()) {
    const std::span<std::uint16_t> halves(piece.data(), std::min(piece.size(), values.size()));
    file.read_at(offset, std::as_writable_bytes(halves));
    std::transform(halves.begin(), halves.end(), values.begin(), decode);
    values = values.subspan(halves.size());
    offset += halves.size_bytes();
  }
}

void check_size(const std::string& name, std::uint64_t got, std::uint64_t expected) {
  if (got == expected) return;
  throw std::invalid_argument("SafetensorsFile: buffer for " + name + " has size " +
                              std::to_string(got) + ", the tensor has " + std::to_string(expected));
}

void check_range(const std::string& name, std::int64_t first, std::size_t count,
                 const TensorInfo& info) {
  if (first >= 0 && first + static_cast<std::int64_t>(count) <= info.elements()) return;
  throw std::invalid_argument("SafetensorsFile: elements " + std::to_string(first) + " to " +
                              std::to_string(first + static_cast<std::int64_t>(count)) + " of " +
                              name + ", which has " + std::to_string(info.elements()));
}

}  // namespace

const char* dtype_name(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "F32";
    case DType::kF16:
      return "F16";
    case DType::kBF16:
      return "BF16";
    case DType::kI64:
      return "I64";
    case DType::kI32:
      return "I32";
    case DType::kU8:
      return "U8";
  }
  throw std::invalid_argument("dtype_name: no such dtype");
}

std::uint64_t dtype_size(DType dtype) {
  switch (dtype) {
    case DType::kI64:
      return 8;
    case DType::kF32:
    case DType::kI32:
      return 4;
    case DType::kF16:
    case DType::kBF16:
      return 2;
    case DType::kU8:
      return 1;
  }
  throw std::invalid_argument("dtype_size: no such dtype");
}

std::int64_t TensorInfo::elements() const {
  std::int64_t product = 1;
  for (const std::int64_t dimension : shape) product *= dimension;
  return product;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

SafetensorsFile::SafetensorsFile(std::shared_ptr<const State> state) : state_(std::move(state)) {}

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path, const OpenRules& rules) {
  InputFile file = InputFile::open(path, rules);
  const std::uint64_t length = read_header_length(file);
  std::string text(length, '\0');
  file.read_at(kHeaderLengthBytes, std::as_writable_bytes(std::span(text)));
  const std::uint64_t data_begin = kHeaderLengthBytes + length;
  SafetensorsHeader header =
      parse_safetensors_header(text, file.size() - data_begin, path.string());
  return SafetensorsFile(
      std::make_shared<const State>(State{std::move(file), std::move(header), data_begin}));
}

const std::map<std::string, TensorInfo>& SafetensorsFile::tensors() const {
  return state_->header.tensors;
}

const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
  return state_->header.metadata;
}

const std::filesystem::path& SafetensorsFile::path() const { return state_->file.path(); }

const TensorInfo& SafetensorsFile::find(const std::string& name) const {
  const auto found = tensors().find(name);
  if (found != tensors().end()) return found->second;
  throw_bad_input({"ST-23", path().string(), "no tensor " + in_quotes(name), "this tensor", ""});
}

void SafetensorsFile::read_floats(const std::string& name, std::span<float> values) const {
  check_size(name, values.size(), static_cast<std::uint64_t>(find(name).elements()));
  read_floats(name, 0, values);
}

void SafetensorsFile::read_floats(const std::string& name, std::int64_t first,
                                  std::span<float> values) const {
  const TensorInfo& info = find(name);
  check_range(name, first, values.size(), info);
  const std::uint64_t offset =
      state_->data_begin + info.begin + static_cast<std::uint64_t>(first) * dtype_size(info.dtype);
  switch (info.dtype) {
    case DType::kF32:
      return state_->file.read_at(offset, std::as_writable_bytes(values));
    case DType::kF16:
      return read_halves(state_->file, offset, float_from_f16, values);
    case DType::kBF16:
      return read_halves(state_->file, offset, float_from_bf16, values);
    default:
      break;
  }
  throw_bad_input({"ST-11", path().string() + ":" + pointer_step(name) + "/dtype",
                   dtype_name(info.dtype), "F32, F16 or BF16", "weights must be floats"});
}

void SafetensorsFile::read_bytes(const std::string& name, std::span<std::byte> bytes) const {
  const TensorInfo& info = find(name);
  check_size(name, bytes.size(), info.end - info.begin);
  state_->file.read_at(state_->data_begin + info.begin, bytes);
}

}  // namespace trainer
