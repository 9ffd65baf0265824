// Floats as bytes of a file, rounded once to its type.
#pragma once

#include <cstddef>
#include <list>
#include <span>
#include <string>
#include <vector>

#include "reference_trainer/formats/export_options.h"
#include "reference_trainer/io/safetensors.h"

namespace trainer {

DType dtype_of(ExportType dtype);

// Values to nearest even, little-endian. Throws Error EX-07 naming `tensor` and the first index
// whose finite value is infinite in that type.
std::vector<std::byte> rounded_bytes(ExportType dtype, const std::string& tensor,
                                     std::span<const float> values);

// Tensors that own their bytes; views stay valid when the object moves.
class ExportedTensors {
 public:
  void append(std::string name, DType dtype, std::vector<std::int64_t> shape,
              std::vector<std::byte> bytes);
  // Any numbers as they are.
  template <class T>
  void append_numbers(std::string name, DType dtype, std::vector<std::int64_t> shape,
                      std::span<const T> numbers) {
    const auto bytes = std::as_bytes(numbers);
    append(std::move(name), dtype, std::move(shape), {bytes.begin(), bytes.end()});
  }
  std::span<const TensorView> views() const { return views_; }

 private:
  std::list<std::vector<std::byte>> bytes_;
  std::vector<TensorView> views_;
};

}  // namespace trainer
