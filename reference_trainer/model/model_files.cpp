#include "reference_trainer/model/model_files.h"

#include <functional>
#include <numeric>

namespace trainer {

std::vector<ExpectedTensor> expected_tensors(const ModelShape& shape) {
  Parameters<NoMemory> layout = parameter_layout(shape);
  std::vector<ExpectedTensor> expected;
  for (const auto& t : tensor_list(layout)) {
    const FilePlace place = file_place(shape, t.name);
    if (place.part == FusedPart::kKey || place.part == FusedPart::kValue) continue;
    expected.push_back({place.tensor, t.shape()});
    if (place.part == FusedPart::kQuery) expected.back().shape.front() *= 3;
  }
  return expected;
}

std::size_t element_count(std::span<const std::int64_t> shape) {
  return static_cast<std::size_t>(
      std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
}

std::vector<std::string> ignorable_tensors(const ModelShape& shape) {
  std::vector<std::string> names;
  if (shape.tied_embeddings) names.push_back(file_place(shape, "lm_head.weight").tensor);
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    // Older checkpoints store RoPE's frequencies, which follow from rope_theta, and masks.
    const std::string layer = "layers." + std::to_string(i) + ".";
    if (has_neox_names(shape)) {
      for (const char* name : {"rotary_emb.inv_freq", "bias", "masked_bias"})
        names.push_back("gpt_neox." + layer + "attention." + name);
    } else {
      names.push_back("model." + layer + "self_attn.rotary_emb.inv_freq");
    }
  }
  return names;
}

std::vector<float> read_stored(const WeightFiles& files, const std::string& tensor,
                               NonFinite policy) {
  std::vector<float> values(static_cast<std::size_t>(files.info(tensor).elements()));
  files.read_floats(tensor, values);
  if (policy == NonFinite::kReject) check_finite(tensor, files.directory(), values);
  return values;
}

}  // namespace trainer
