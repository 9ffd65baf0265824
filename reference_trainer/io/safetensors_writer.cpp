#include <set>
#include <stdexcept>

#include "reference_trainer/io/json.h"
#include "reference_trainer/io/safetensors.h"
#include "reference_trainer/io/safetensors_header.h"

namespace trainer {
namespace {

// The data section starts on a multiple of 8, as the format asks of writers.
constexpr std::size_t kAlignment = 8;

void check_tensor(const TensorView& tensor) {
  const TensorInfo info{.dtype = tensor.dtype, .shape = tensor.shape};
  const std::uint64_t size = dtype_size(tensor.dtype);
  if (tensor.shape.size() > kMaxRank ||
      static_cast<std::uint64_t>(info.elements()) * size != tensor.bytes.size()) {
    throw std::invalid_argument("write_safetensors: " + tensor.name + " of shape " +
                                shape_text(tensor.shape) + " has " +
                                std::to_string(tensor.bytes.size() / size) + " values");
  }
}

// nlohmann::ordered_json searches linearly for every new key, so the outermost object, which has as
// many keys as there are tensors, is put together as text.
std::string header_text(std::span<const TensorView> tensors,
                        const std::map<std::string, std::string>& metadata) {
  std::set<std::string> names;
  std::string text = "{\"__metadata__\":";
  text += nlohmann::json(metadata).dump();
  std::uint64_t begin = 0;
  for (const TensorView& tensor : tensors) {
    check_tensor(tensor);
    if (tensor.name == "__metadata__" || !names.insert(tensor.name).second) {
      throw std::invalid_argument("write_safetensors: the name " + tensor.name + " is taken");
    }
    const std::uint64_t end = begin + tensor.bytes.size();
    const nlohmann::ordered_json entry = {{"dtype", dtype_name(tensor.dtype)},
                                          {"shape", tensor.shape},
                                          {"data_offsets", {begin, end}}};
    text.append(",").append(nlohmann::json(tensor.name).dump());
    text.append(":").append(entry.dump());
    begin = end;
  }
  text += "}";
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  return text;
}

}  // namespace

TensorView stored_view(const FloatTensorView& tensor) {
  return {tensor.name, DType::kF32, tensor.shape, std::as_bytes(tensor.values)};
}

void write_safetensors(const std::filesystem::path& path, std::span<const TensorView> tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::string header = header_text(tensors, metadata);
  const std::uint64_t length = header.size();
  OutputFile file = OutputFile::create(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(header)));
  for (const TensorView& tensor : tensors) file.write(tensor.bytes);
  file.finish();
}

void write_safetensors(const std::filesystem::path& path, std::span<const FloatTensorView> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<TensorView> views;
  for (const FloatTensorView& tensor : tensors) views.push_back(stored_view(tensor));
  write_safetensors(path, views, metadata);
}

}  // namespace trainer
