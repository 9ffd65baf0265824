// The three tensors of a linear layer that is stored as codes: byte 0 bits, byte 1 the rule of the
// range, byte 2 outputs, byte 3 inputs; then scales, zero points and codes, zeros behind the end.
#include <string>
#include <vector>

#include "reference_trainer/io/safetensors_stream.h"
#include "reference_trainer/model/coded_files.h"
#include "reference_trainer/model/model_files.h"
#include "tests/fuzz/contract.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scratch.h"

namespace trainer::fuzz {
namespace {

constexpr const char* kName = "layer";

QuantizerSettings read_settings(Input& input) {
  QuantizerSettings settings;
  settings.bits = 2 + static_cast<int>(input.below(7));
  const unsigned rule = input.byte();
  settings.symmetry = rule % 2 == 0 ? Symmetry::kSymmetric : Symmetry::kAsymmetric;
  settings.range = static_cast<Range>(rule / 2 % 3);
  return settings;
}

// The file with the tensors that are expected, in order, made of the bytes of the input.
std::string file_of(const std::vector<ExpectedTensor>& expected, Input& input) {
  std::vector<PlannedTensor> plan;
  std::string data;
  for (const ExpectedTensor& tensor : expected) {
    const auto bytes =
        plan.emplace_back(PlannedTensor{tensor.name, *tensor.dtype, tensor.shape}).bytes();
    data += input.bytes(bytes);
    std::uint64_t end = 0;
    for (const PlannedTensor& planned : plan) end += planned.bytes();
    data.resize(end, '\0');
  }
  const std::string header = safetensors_header(plan, {});
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>(header.size() >> 8 * i & 0xff);
  return file + header + data;
}

void check(const PackedWeight& packed) {
  roste::check_packed_matrix(packed);
  std::vector<float> values(static_cast<std::size_t>(packed.rows * packed.cols));
  unpack_values(packed, {values.data(), packed.rows, packed.cols});
}

}  // namespace
}  // namespace trainer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trainer;
  using namespace trainer::fuzz;
  static const ScratchDirectory directory;
  static const ScratchFile scratch(directory / "model.safetensors");
  Input input(data, size);
  const QuantizerSettings settings = read_settings(input);
  const LinearShape shape{1 + input.below(16), 1 + input.below(32), false};
  const auto expected = expected_coded_tensors(kName, settings, shape);
  scratch.set(file_of(expected, input));
  accepts("ST", [&] {
    const WeightFiles files = WeightFiles::open(directory.path());
    check_tensor_list(files, expected, {});
    check(read_coded_tensors(files, kName, settings, shape));
  });
  return 0;
}
