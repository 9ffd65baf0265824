#include <stdexcept>

#include "reference_trainer/io/safetensors.h"
#include "reference_trainer/io/safetensors_stream.h"

namespace trainer {
namespace {

PlannedTensor planned(const TensorView& tensor) {
  PlannedTensor plan{tensor.name, tensor.dtype, tensor.shape};
  if (plan.bytes() == tensor.bytes.size()) return plan;
  throw std::invalid_argument(
      "write_safetensors: " + tensor.name + " of shape " + shape_text(tensor.shape) + " has " +
      std::to_string(tensor.bytes.size() / dtype_size(tensor.dtype)) + " values");
}

}  // namespace

TensorView stored_view(const FloatTensorView& tensor) {
  return {tensor.name, DType::kF32, tensor.shape, std::as_bytes(tensor.values)};
}

void write_safetensors(const std::filesystem::path& path, std::span<const TensorView> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<PlannedTensor> plan;
  for (const TensorView& tensor : tensors) plan.push_back(planned(tensor));
  const std::string header = safetensors_header(plan, metadata);
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
