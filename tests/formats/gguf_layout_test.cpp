#include "reference_trainer/formats/gguf_layout.h"

#include <gtest/gtest.h>

#include <numbers>
#include <set>

#include "reference_trainer/model/parameters.h"

namespace trainer {
namespace {

ModelShape tiny(const std::string& architecture) {
  ModelShape s;
  s.architecture = architecture;
  s.vocab_size = 8;
  s.hidden_size = 16;
  s.intermediate_size = 32;
  s.layers = 2;
  s.heads = 2;
  s.kv_heads = 1;
  s.head_dim = 8;
  s.max_positions = 16;
  return s;
}

TEST(GgufLayout, EveryTensorHasANameOfItsOwn) {
  for (const char* architecture : {"LlamaForCausalLM", "Qwen2ForCausalLM"}) {
    const ModelShape shape = tiny(architecture);
    auto layout = parameter_layout(shape);
    std::set<std::string> names;
    for (const auto& t : tensor_list(layout))
      EXPECT_TRUE(names.insert(gguf_name(shape, t.name)).second);
    EXPECT_EQ(names.size(), 3u + 2 * 9);
  }
}

TEST(GgufLayout, NamesAreThoseOfLlamaCpp) {
  const ModelShape llama = tiny("LlamaForCausalLM");
  EXPECT_EQ(gguf_name(llama, "model.embed_tokens.weight"), "token_embd.weight");
  EXPECT_EQ(gguf_name(llama, "lm_head.weight"), "output.weight");
  EXPECT_EQ(gguf_name(llama, "model.norm.weight"), "output_norm.weight");
  EXPECT_EQ(gguf_name(llama, "model.layers.11.self_attn.q_proj.bias"), "blk.11.attn_q.bias");
  EXPECT_EQ(gguf_name(llama, "model.layers.1.post_attention_layernorm.weight"),
            "blk.1.ffn_norm.weight");
  const ModelShape neox = tiny(kNeoXArchitecture);
  EXPECT_EQ(gguf_name(neox, "model.layers.0.self_attn.k_proj.weight"), "");
  EXPECT_EQ(gguf_name(neox, "model.layers.0.mlp.up_proj.bias"), "blk.0.ffn_up.bias");
}

// theta = 10000 and 8 channels: 1, 0.1, 0.01 and 0.001 radians per token, that is 20.4, 2.04, 0.2
// and 0.02 turns of 128 tokens: fast, between, slow, slow.
TEST(GgufLayout, DivisorsOfScaledFrequencies) {
  ModelShape shape = tiny("LlamaForCausalLM");
  shape.rope_theta = 10000;
  EXPECT_TRUE(gguf_frequency_divisors(shape).empty());
  shape.rope_scaling = Llama3RopeScaling{8, 1, 4, 128};
  const std::vector<float> divisors = gguf_frequency_divisors(shape);
  ASSERT_EQ(divisors.size(), 4u);
  const double share = (12.8 / (2 * std::numbers::pi) - 1) / 3;
  EXPECT_EQ(divisors[0], 1);
  EXPECT_NEAR(divisors[1], 1 / ((1 - share) / 8 + share), 1e-6);
  EXPECT_EQ(divisors[2], 8);
  EXPECT_EQ(divisors[3], 8);
}

// Channels i and i + 4 of a head of 8 become neighbours.
TEST(GgufLayout, LlamaInterleavesTheHalvesOfEveryHeadOfQueriesAndKeys) {
  const ModelShape llama = tiny("LlamaForCausalLM"), qwen2 = tiny("Qwen2ForCausalLM");
  const std::string q = "model.layers.0.self_attn.q_proj.weight";
  const std::int64_t expected[] = {0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15};
  for (std::int64_t r = 0; r < 16; ++r) {
    EXPECT_EQ(gguf_source_row(llama, q, r), expected[r]);
    EXPECT_EQ(gguf_source_row(llama, "model.layers.0.self_attn.v_proj.weight", r), r);
    EXPECT_EQ(gguf_source_row(qwen2, q, r), r);
  }
  EXPECT_EQ(gguf_source_row(llama, "model.layers.0.self_attn.k_proj.bias", 1), 4);
}

TEST(GgufLayout, ArchitecturesThatLlamaCppHas) {
  EXPECT_EQ(gguf_architecture(tiny("LlamaForCausalLM")), "llama");
  EXPECT_EQ(gguf_architecture(tiny("Qwen2ForCausalLM")), "qwen2");
  EXPECT_EQ(gguf_architecture(tiny(kNeoXArchitecture)), "gptneox");
  EXPECT_EQ(gguf_architecture(tiny(kFoldedNeoXArchitecture)), "");
}

}  // namespace
}  // namespace trainer
