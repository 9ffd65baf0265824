#include "reference_trainer/model/model_files.h"

namespace trainer {

std::vector<ExpectedTensor> expected_tensors(const ModelShape& shape) {
  const std::int64_t d = shape.hidden_size;
  std::vector<ExpectedTensor> list{{"model.embed_tokens.weight", {shape.vocab_size, d}},
                                   {"model.norm.weight", {d}}};
  if (!shape.tied_embeddings) list.push_back({"lm_head.weight", {shape.vocab_size, d}});
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    const std::string prefix = "model.layers." + std::to_string(i) + ".";
    list.push_back({prefix + "input_layernorm.weight", {d}});
    list.push_back({prefix + "post_attention_layernorm.weight", {d}});
    for (const Linear l : kLinears) {
      const LinearShape s = linear_shape(shape, l);
      list.push_back({prefix + linear_name(l) + ".weight", {s.out, s.in}});
      if (s.has_bias) list.push_back({prefix + linear_name(l) + ".bias", {s.out}});
    }
  }
  return list;
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
