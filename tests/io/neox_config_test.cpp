// config.json of GPT-NeoX models and of their folded form, by the case numbers of docs/errors.md.
#include "reference_trainer/io/neox_config.h"

#include <stdexcept>
#include <utility>

#include "reference_trainer/io/model_directory.h"
#include "tests/io/files.h"

namespace trainer {
namespace {

using nlohmann::json;
using testing::expect_error;
using testing::write_text;

// As transformers v4 writes Pythia's.
json pythia_config() {
  return json::parse(R"({"architectures": ["GPTNeoXForCausalLM"], "model_type": "gpt_neox",
      "vocab_size": 512, "hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 5,
      "num_attention_heads": 4, "max_position_embeddings": 256, "layer_norm_eps": 1e-05,
      "rotary_emb_base": 10000, "rotary_pct": 0.25, "hidden_act": "gelu",
      "use_parallel_residual": true, "tie_word_embeddings": false,
      "bos_token_id": 0, "eos_token_id": 0})");
}

class NeoXConfig : public ::testing::Test {
 protected:
  ModelShape read(const json& config) {
    write_text(directory_ / "config.json", config.dump());
    return read_model_shape(directory_.path());
  }
  ModelShape read_with(const std::string& key, const json& value) {
    json config = pythia_config();
    config[key] = value;
    return read(config);
  }
  // `message` starts with the JSON pointer.
  void expect_refused(const std::string& key, const json& value, const std::string& code,
                      std::vector<std::string> mentions) {
    mentions.push_back("config.json:/" + key);
    expect_error([&] { read_with(key, value); }, code, ExitCode::kBadInput, mentions);
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(NeoXConfig, ReadsPythia) {
  const ModelShape shape = read(pythia_config());
  EXPECT_EQ(shape.architecture, "GPTNeoXForCausalLM");
  EXPECT_EQ(shape.heads, 4);
  EXPECT_EQ(shape.kv_heads, 4);
  EXPECT_EQ(shape.head_dim, 16);
  EXPECT_EQ(shape.rotary_dim(), 4);
  EXPECT_EQ(shape.norm_eps, 1e-5f);
  EXPECT_EQ(shape.rope_theta, 10000.0f);
  EXPECT_EQ(shape.norm, NormKind::kLayerNorm);
  EXPECT_EQ(shape.mlp, MlpKind::kGelu);
  EXPECT_EQ(shape.residual, ResidualKind::kParallel);
  EXPECT_TRUE(shape.qkv_bias && shape.output_bias && shape.mlp_bias);
  EXPECT_FALSE(shape.tied_embeddings || shape.head_bias);
}

// What transformers takes for granted.
TEST_F(NeoXConfig, AbsentKeysHaveTheDefaultsOfTransformers) {
  json config = pythia_config();
  for (const char* key : {"rotary_emb_base", "rotary_pct", "use_parallel_residual", "hidden_act"})
    config.erase(key);
  const ModelShape shape = read(config);
  EXPECT_EQ(shape.rotary_dim(), 4);
  EXPECT_EQ(shape.rope_theta, 10000.0f);
  EXPECT_EQ(shape.residual, ResidualKind::kParallel);
}

TEST_F(NeoXConfig, ReadsWhatDiffers) {
  EXPECT_EQ(read_with("use_parallel_residual", false).residual, ResidualKind::kSequential);
  EXPECT_TRUE(read_with("tie_word_embeddings", true).tied_embeddings);
  const ModelShape bare = read_with("attention_bias", false);
  EXPECT_TRUE(!bare.qkv_bias && !bare.output_bias && bare.mlp_bias);
}

TEST_F(NeoXConfig, ReadsRopeOfBothTransformersVersions) {
  EXPECT_EQ(read_with("rotary_pct", 1.0).rotary_dim(), 16);
  EXPECT_EQ(read_with("rotary_emb_base", 500).rope_theta, 500.0f);
  json v5 = pythia_config();
  v5.erase("rotary_pct");
  v5.erase("rotary_emb_base");
  v5["rope_parameters"] = {
      {"rope_theta", 300.0}, {"rope_type", "default"}, {"partial_rotary_factor", 0.5}};
  EXPECT_EQ(read(v5).rope_theta, 300.0f);
  EXPECT_EQ(read(v5).rotary_dim(), 8);
  v5["rope_parameters"] = {{"rope_theta", 300.0}, {"rope_type", "default"}};
  EXPECT_EQ(read(v5).rotary_dim(), 4);
}

TEST_F(NeoXConfig, ScaledRopeIsReadAndWritten) {
  const ModelShape shape = read_with("rope_scaling", {{"type", "llama3"},
                                                      {"factor", 4},
                                                      {"low_freq_factor", 1},
                                                      {"high_freq_factor", 2.5},
                                                      {"original_max_position_embeddings", 32}});
  EXPECT_TRUE((shape.rope_scaling == Llama3RopeScaling{4, 1, 2.5, 32}));
  EXPECT_TRUE(read(config_json(shape)).rope_scaling == shape.rope_scaling);
}

TEST_F(NeoXConfig, CF02_MissingKeys) {
  for (const char* key : {"vocab_size", "intermediate_size", "num_attention_heads",
                          "max_position_embeddings", "layer_norm_eps"}) {
    json config = pythia_config();
    config.erase(key);
    expect_error([&] { read(config); }, "CF-02", ExitCode::kBadInput,
                 {"config.json:/" + std::string(key)});
  }
}

TEST_F(NeoXConfig, WhatCannotBeComputedIsRefused) {
  expect_refused("num_attention_heads", 5, "CF-06", {"got 5", "hidden_size 64"});
  expect_refused("rotary_pct", 0.2, "CF-07", {"got 0.2", "16 channels"});  // 3 of 16
  for (const double fraction : {0.0, -0.5, 1.5, 1e300}) {
    const std::string code = fraction == 1e300 ? "CF-04" : "CF-07";
    expect_refused("rotary_pct", fraction, code, {"got"});
  }
  expect_refused("rope_parameters", {{"partial_rotary_factor", 0.01}}, "CF-07",
                 {"/rope_parameters/partial_rotary_factor"});
  expect_refused("rotary_emb_base", 0, "CF-07", {"a number above 0"});
  expect_refused("hidden_act", "gelu_new", "CF-09", {"gelu_new", "\"gelu\""});
  expect_refused("rope_scaling", {{"type", "linear"}, {"factor", 2}}, "CF-09", {"linear"});
  expect_refused("quantization_config", {{"bits", 4}}, "CF-09", {"quantized"});
  expect_refused("layer_norm_eps", 0.0, "CF-10", {"got 0.0"});
  expect_refused("use_parallel_residual", "yes", "CF-04", {"true or false"});
}

// 30 of 44 channels: the nearest double of 30 / 44 is so small that 29 would be read back.
TEST_F(NeoXConfig, WrittenConfigReadsBackEqual) {
  for (const auto& [turned, head_dim] : {std::pair{2, 24}, {10, 24}, {24, 24}, {30, 44}}) {
    for (const char* name : {kNeoXArchitecture, kSplitNeoXArchitecture, kFoldedNeoXArchitecture}) {
      json config = pythia_config();
      config["architectures"] = {name};
      config["hidden_size"] = 4 * head_dim;
      config["rotary_pct"] = 0.5;
      config["use_parallel_residual"] = false;
      ModelShape shape = read(config);
      shape.partial_rotary_dim = turned;
      const nlohmann::ordered_json written = config_json(shape);
      const ModelShape again = read(written);
      EXPECT_EQ(config_json(again), written);
      EXPECT_EQ(again.rotary_dim(), turned);
      EXPECT_EQ(again.residual, ResidualKind::kSequential);
      EXPECT_EQ(again.architecture, name);
    }
  }
}

TEST_F(NeoXConfig, TheFoldedFormHasRmsNormAndMoreBiases) {
  json config = pythia_config();
  config["architectures"] = {kFoldedNeoXArchitecture};
  config["attention_bias"] = false;
  const ModelShape shape = read(config);
  EXPECT_EQ(shape.norm, NormKind::kRmsNorm);
  EXPECT_TRUE(shape.qkv_bias && shape.mlp_bias && shape.head_bias && !shape.output_bias);
  EXPECT_EQ(config_json(shape)["model_type"], "roste_neox");
}

TEST_F(NeoXConfig, ShapesThatTheArchitectureLacksAreRefused) {
  ModelShape shape = read(pythia_config());
  shape.head_bias = true;
  EXPECT_THROW(config_json(shape), std::invalid_argument);
  shape = read(pythia_config());
  shape.norm = NormKind::kRmsNorm;
  EXPECT_THROW(config_json(shape), std::invalid_argument);
  shape = read(pythia_config());
  shape.kv_heads = 2;
  EXPECT_THROW(config_json(shape), std::invalid_argument);
  ModelShape llama;
  llama.residual = ResidualKind::kParallel;
  EXPECT_THROW(config_json(llama), std::invalid_argument);
}

}  // namespace
}  // namespace trainer
