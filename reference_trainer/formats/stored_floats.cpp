#include "reference_trainer/formats/stored_floats.h"

#include <cmath>
#include <cstring>

#include "reference_trainer/base/error.h"
#include "roste/core/number_types.h"

namespace trainer {
namespace {

template <class Number>
std::vector<std::byte> rounded_to(const std::string& tensor, std::span<const float> values) {
  std::vector<std::byte> bytes(values.size() * sizeof(Number));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Number rounded = roste::from_float<Number>(values[i]);
    if (std::isfinite(values[i]) && !std::isfinite(roste::to_float(rounded))) {
      throw_bad_input({"EX-07", tensor,
                       std::to_string(values[i]) + " at index " + std::to_string(i),
                       "a value that 16 bits can hold", "write float32, or bfloat16 for hf"});
    }
    std::memcpy(bytes.data() + i * sizeof(Number), &rounded, sizeof rounded);
  }
  return bytes;
}

}  // namespace

DType dtype_of(ExportType dtype) {
  if (dtype == ExportType::kBFloat16) return DType::kBF16;
  return dtype == ExportType::kFloat16 ? DType::kF16 : DType::kF32;
}

std::vector<std::byte> rounded_bytes(ExportType dtype, const std::string& tensor,
                                     std::span<const float> values) {
  if (dtype == ExportType::kBFloat16) return rounded_to<roste::BFloat16>(tensor, values);
  if (dtype == ExportType::kFloat16) return rounded_to<roste::Half>(tensor, values);
  const auto bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

void ExportedTensors::append(std::string name, DType dtype, std::vector<std::int64_t> shape,
                             std::vector<std::byte> bytes) {
  bytes_.push_back(std::move(bytes));
  views_.push_back({std::move(name), dtype, std::move(shape), bytes_.back()});
}

}  // namespace trainer
