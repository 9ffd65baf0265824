#include <stdexcept>
#include <system_error>

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

// Truncating a file would zero the pages of those who have mapped it, perhaps to be the very
// source.
void forget_old_file(const std::filesystem::path& path) {
  std::error_code ignored;  // what cannot be removed, create() reports
  if (std::filesystem::is_regular_file(std::filesystem::symlink_status(path, ignored)))
    std::filesystem::remove(path, ignored);
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
  forget_old_file(path);
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
