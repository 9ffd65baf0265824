#include <stdexcept>

#include "reference_trainer/io/safetensors.h"
#include "reference_trainer/io/safetensors_stream.h"

namespace trainer {
namespace {

PlannedTensor planned(const FloatTensorView& tensor) {
  PlannedTensor plan{tensor.name, DType::kF32, tensor.shape};
  if (plan.bytes() == tensor.values.size_bytes()) return plan;
  throw std::invalid_argument("write_safetensors: " + tensor.name + " of shape " +
                              shape_text(tensor.shape) + " has " +
                              std::to_string(tensor.values.size()) + " values");
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const FloatTensorView> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<PlannedTensor> plan;
  for (const FloatTensorView& tensor : tensors) plan.push_back(planned(tensor));
  const std::string header = safetensors_header(plan, metadata);
  const std::uint64_t length = header.size();
  OutputFile file = OutputFile::create(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(header)));
  for (const FloatTensorView& tensor : tensors) file.write(std::as_bytes(tensor.values));
  file.finish();
}

}  // namespace trainer
