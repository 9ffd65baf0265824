// A safetensors file: its header, the bytes of its tensors, and the header that we write for them.
//   byte 0 even: what follows is the file
//   byte 0 odd:  the number of data bytes (2 bytes), then the header as text; its length is put in
//                front, for a mutated header rarely has the length that it says
#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "reference_trainer/io/safetensors_header.h"
#include "reference_trainer/io/safetensors_stream.h"
#include "tests/fuzz/contract.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scratch.h"

namespace trainer::fuzz {
namespace {

std::string file_of(Input input) {
  if (input.below(2) == 0) return std::string(input.rest());
  const std::size_t data = input.short_number();
  const std::string_view header = input.rest();
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>(header.size() >> 8 * i & 0xff);
  file += header;
  return file.append(data, '\x3f');
}

bool is_float(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16;
}

void read_tensors(const SafetensorsFile& file) {
  for (const auto& [key, info] : file.tensors()) {
    const std::string& name = key;  // clang 14 captures no structured binding
    require(info.elements() >= 0 &&
                static_cast<std::uint64_t>(info.elements()) * dtype_size(info.dtype) ==
                    info.end - info.begin,
            "a tensor of another size than its bytes");
    std::vector<std::byte> bytes(info.end - info.begin);
    file.read_bytes(name, bytes);
    std::vector<float> values(static_cast<std::size_t>(info.elements()));
    const bool read = accepts("ST", [&] { file.read_floats(name, values); });
    require(read == is_float(info.dtype), "floats of integers");
  }
}

// The header that we write for the same tensors says the same.
void write_again(const SafetensorsFile& file) {
  std::vector<PlannedTensor> plan;
  for (const auto& [name, info] : file.tensors()) plan.push_back({name, info.dtype, info.shape});
  std::ranges::stable_sort(plan, {}, [&](const PlannedTensor& tensor) {
    const TensorInfo& info = file.tensors().at(tensor.name);
    return std::pair(info.begin, info.end);
  });
  std::uint64_t bytes = 0;
  for (const PlannedTensor& tensor : plan) bytes += tensor.bytes();
  const SafetensorsHeader again =
      parse_safetensors_header(safetensors_header(plan, file.metadata()), bytes, "again");
  require(again.metadata == file.metadata() && again.tensors.size() == file.tensors().size(),
          "a header that says something else");
  for (const auto& [name, info] : again.tensors) {
    const TensorInfo& before = file.tensors().at(name);
    require(info.shape == before.shape && info.begin == before.begin && info.end == before.end &&
                info.dtype == before.dtype,
            "a tensor that is another one");
  }
}

}  // namespace
}  // namespace trainer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trainer;
  using namespace trainer::fuzz;
  static const ScratchDirectory directory;
  static const ScratchFile scratch(directory / "model.safetensors");
  scratch.set(file_of(Input(data, size)));
  accepts("ST", [&] {
    const SafetensorsFile file = SafetensorsFile::open(scratch.path());
    read_tensors(file);
    write_again(file);
  });
  return 0;
}
