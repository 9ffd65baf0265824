#include "reference_trainer/model/model_files.h"

namespace trainer {

std::vector<ExpectedTensor> expected_tensors(const ModelShape& shape) {
  Parameters<NoMemory> layout = parameter_layout(shape);
  std::vector<ExpectedTensor> expected;
  for (const auto& t : tensor_list(layout)) expected.push_back({t.name, t.shape()});
  return expected;
}

std::vector<std::string> ignorable_tensors(const ModelShape& shape) {
  std::vector<std::string> names;
  if (shape.tied_embeddings) names.push_back("lm_head.weight");
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    // Older checkpoints store RoPE's frequencies, which follow from rope_theta.
    names.push_back("model.layers." + std::to_string(i) + ".self_attn.rotary_emb.inv_freq");
  }
  return names;
}

}  // namespace trainer
