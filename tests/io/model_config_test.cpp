// config.json in and out, by the case numbers of docs/errors.md.
#include "reference_trainer/io/model_config.h"

#include <stdexcept>

#include "reference_trainer/io/model_directory.h"
#include "tests/io/files.h"

namespace trainer {
namespace {

using nlohmann::json;
using testing::expect_error;
using testing::write_text;

json llama_config() {
  return json::parse(R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama",
      "vocab_size": 512, "hidden_size": 64, "intermediate_size": 172, "num_hidden_layers": 5,
      "num_attention_heads": 8, "num_key_value_heads": 4, "max_position_embeddings": 256,
      "rms_norm_eps": 1e-05, "hidden_act": "silu", "bos_token_id": 1, "eos_token_id": 2})");
}

class ModelConfig : public ::testing::Test {
 protected:
  ModelShape read(const json& config) {
    write_text(directory_ / "config.json", config.dump());
    return read_model_shape(directory_.path());
  }

  ModelShape read_with(const std::string& key, const json& value) {
    json config = llama_config();
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

TEST_F(ModelConfig, ReadsLlama) {
  const ModelShape shape = read(llama_config());
  EXPECT_EQ(shape.architecture, "LlamaForCausalLM");
  EXPECT_EQ(shape.vocab_size, 512);
  EXPECT_EQ(shape.hidden_size, 64);
  EXPECT_EQ(shape.intermediate_size, 172);
  EXPECT_EQ(shape.layers, 5);
  EXPECT_EQ(shape.heads, 8);
  EXPECT_EQ(shape.kv_heads, 4);
  EXPECT_EQ(shape.head_dim, 8);
  EXPECT_EQ(shape.max_positions, 256);
  EXPECT_EQ(shape.norm_eps, 1e-5f);
  EXPECT_EQ(shape.rope_theta, 10000.0f);
  EXPECT_FALSE(shape.tied_embeddings || shape.qkv_bias || shape.output_bias || shape.mlp_bias);
  EXPECT_EQ(shape.bos_token_id, 1);
  EXPECT_THAT(shape.eos_token_ids, ::testing::ElementsAre(2));
}

TEST_F(ModelConfig, ReadsBiasesAndTiedEmbeddings) {
  EXPECT_TRUE(read_with("tie_word_embeddings", true).tied_embeddings);
  EXPECT_TRUE(read_with("mlp_bias", true).mlp_bias);
  const ModelShape attention = read_with("attention_bias", true);
  EXPECT_TRUE(attention.qkv_bias && attention.output_bias);
  const ModelShape qwen = read_with("architectures", {"Qwen2ForCausalLM"});
  EXPECT_TRUE(qwen.qkv_bias && !qwen.output_bias);
}

TEST_F(ModelConfig, AbsentAndNullKeyValueHeadsMeanAllHeads) {
  json config = llama_config();
  config.erase("num_key_value_heads");
  EXPECT_EQ(read(config).kv_heads, 8);
  EXPECT_EQ(read_with("num_key_value_heads", nullptr).kv_heads, 8);
}

TEST_F(ModelConfig, ReadsRopeOfBothTransformersVersions) {
  EXPECT_EQ(read_with("rope_theta", 500000).rope_theta, 500000.0f);
  const json v5 = {{"rope_theta", 1e6}, {"rope_type", "default"}};
  EXPECT_EQ(read_with("rope_parameters", v5).rope_theta, 1e6f);
  EXPECT_EQ(read_with("rope_scaling", {{"type", "default"}}).rope_theta, 10000.0f);
}

// The values of Llama 3.1, as transformers v4 and v5 spell them.
json llama3_rope() {
  return {{"rope_type", "llama3"},
          {"factor", 8.0},
          {"low_freq_factor", 1.0},
          {"high_freq_factor", 4.0},
          {"original_max_position_embeddings", 8192}};
}

TEST_F(ModelConfig, ReadsLlama3RopeOfBothTransformersVersions) {
  json v4 = llama_config(), v5 = llama_config();
  v4["rope_theta"] = 500000.0;
  v4["rope_scaling"] = llama3_rope();
  v5["rope_parameters"] = llama3_rope();
  v5["rope_parameters"]["rope_theta"] = 500000.0;
  const Llama3RopeScaling expected{8, 1, 4, 8192};
  for (const json& config : {v4, v5}) {
    const ModelShape shape = read(config);
    EXPECT_EQ(shape.rope_theta, 500000.0f);
    EXPECT_TRUE(shape.rope_scaling == expected);
    EXPECT_EQ(json(config_json(shape)["rope_scaling"]), v4["rope_scaling"]);
    EXPECT_EQ(config_json(read(config_json(shape))), config_json(shape));
  }
  v5["rope_parameters"].erase("original_max_position_embeddings");  // then the context of the model
  EXPECT_EQ(read(v5).rope_scaling->original_max_positions, 256);
  v5["rope_parameters"]["rope_type"] = "default";
  EXPECT_FALSE(read(v5).rope_scaling);
}

TEST_F(ModelConfig, Llama3RopeOutOfRange) {
  const auto refused = [&](const char* key, const json& value, const std::string& code,
                           const std::string& mention) {
    json rope = llama3_rope();
    rope[key] = value;
    expect_refused("rope_scaling", rope, code, {"/rope_scaling/" + std::string(key), mention});
  };
  refused("factor", nullptr, "CF-02", "no value");
  refused("factor", 0, "CF-07", "above 0");
  refused("factor", "8", "CF-04", "\"8\"");
  refused("low_freq_factor", -1, "CF-07", "above 0");
  refused("high_freq_factor", 1.0, "CF-07", "above 1");
  refused("original_max_position_embeddings", 0, "CF-05", "got 0");
}

TEST_F(ModelConfig, GenerationConfigOverridesTheEndsOfText) {
  write_text(directory_ / "generation_config.json", R"({"eos_token_id": [7, 9]})");
  const ModelShape shape = read(llama_config());
  EXPECT_EQ(shape.bos_token_id, 1);
  EXPECT_THAT(shape.eos_token_ids, ::testing::ElementsAre(7, 9));
}

TEST_F(ModelConfig, CF01_MissingOrMalformed) {
  expect_error([&] { read_model_shape(directory_.path()); }, "CF-01", ExitCode::kBadInput,
               {"config.json", "no such file"});
  write_text(directory_ / "config.json", "{\"a\": 1,\n}");
  expect_error([&] { read_model_shape(directory_.path()); }, "CF-01", ExitCode::kBadInput,
               {"config.json:2:1"});
}

TEST_F(ModelConfig, CF02_MissingKeys) {
  for (const char* key :
       {"architectures", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
        "num_attention_heads", "max_position_embeddings", "rms_norm_eps"}) {
    json config = llama_config();
    config.erase(key);
    expect_error([&] { read(config); }, "CF-02", ExitCode::kBadInput,
                 {"config.json:/" + std::string(key)});
  }
  expect_error([&] { read(json::array()); }, "CF-02", ExitCode::kBadInput, {"an object"});
}

TEST_F(ModelConfig, CF03_TooDeep) {
  write_text(directory_ / "config.json", std::string(65, '['));
  expect_error([&] { read_model_shape(directory_.path()); }, "CF-03", ExitCode::kBadInput,
               {"config.json:1:65"});
}

TEST_F(ModelConfig, CF04_NotAnInteger) {
  for (const json& value : {json("4096"), json(4096.0), json(4096.5), json(-1), json(true),
                            json::array(), json(2147483648), json(9223372036854775808u)}) {
    expect_refused("hidden_size", value, "CF-04", {"got " + value.dump(), "1 to 16777216"});
  }
  // Every layer is planned for before weights are looked for: 20 bytes must not ask for gigabytes.
  expect_refused("num_hidden_layers", 2147483647, "CF-04", {"got 2147483647", "1 to 10000"});
  EXPECT_EQ(read_with("num_hidden_layers", 10000).layers, 10000);
  // The same of rotations, which have a sign for every channel.
  for (const char* width : {"hidden_size", "intermediate_size", "head_dim"}) {
    expect_refused(width, 16777218, "CF-04", {"got 16777218", "1 to 16777216"});
  }
  expect_refused("rms_norm_eps", "1e-5", "CF-04", {"\"1e-5\""});
  expect_refused("rms_norm_eps", 1e300, "CF-04", {"1e+300"});
  expect_refused("tie_word_embeddings", 1, "CF-04", {"got 1", "true or false"});
  expect_refused("eos_token_id", 512, "CF-04", {"got 512", "0 to 511"});
  expect_refused("eos_token_id", json({2, "x"}), "CF-04", {"\"x\"", "0 to 511"});
}

TEST_F(ModelConfig, CF05_Zeros) {
  for (const char* key : {"num_attention_heads", "num_key_value_heads", "num_hidden_layers",
                          "vocab_size", "head_dim"}) {
    expect_refused(key, 0, "CF-05", {"got 0"});
  }
}

TEST_F(ModelConfig, CF06_HeadsDoNotDivideHiddenSize) {
  json config = llama_config();
  config["num_attention_heads"] = 12;
  expect_error([&] { read(config); }, "CF-06", ExitCode::kBadInput,
               {"config.json:/num_attention_heads", "got 12", "hidden_size 64", "head_dim"});
  config["head_dim"] = 16;
  EXPECT_EQ(read(config).query_width(), 192);
}

TEST_F(ModelConfig, CF07_HeadsAndRotaryDimensions) {
  expect_refused("num_key_value_heads", 3, "CF-07", {"got 3", "num_attention_heads 8"});
  expect_refused("num_key_value_heads", 16, "CF-07", {"got 16"});
  expect_refused("head_dim", 7, "CF-07", {"got 7"});
  expect_refused("partial_rotary_factor", 0.5, "CF-07", {"0.5"});
  expect_refused("rope_parameters", {{"partial_rotary_factor", 0}}, "CF-07",
                 {"/rope_parameters/partial_rotary_factor"});
  expect_refused("rope_theta", -1, "CF-07", {"-1"});
}

TEST_F(ModelConfig, CF09_WhatIsNotSupported) {
  const std::string supported = "LlamaForCausalLM, Qwen2ForCausalLM";
  expect_refused("architectures", {"MistralForCausalLM"}, "CF-09",
                 {"MistralForCausalLM", supported});
  expect_refused("architectures", "LlamaForCausalLM", "CF-09", {supported});
  expect_refused("architectures", {"LlamaForCausalLM", "Other"}, "CF-09", {"Other", supported});
  expect_refused("rope_scaling", {{"rope_type", "linear"}, {"factor", 8}}, "CF-09",
                 {"/rope_scaling/rope_type", "linear", "default, llama3"});
  expect_refused("rope_scaling", {{"type", "linear"}}, "CF-09", {"/rope_scaling/type", "linear"});
  expect_refused("rope_parameters", {{"rope_type", "yarn"}}, "CF-09",
                 {"/rope_parameters/rope_type", "yarn"});
  expect_refused("rope_scaling", {{"rope_type", 3}}, "CF-09", {"/rope_scaling/rope_type", "got 3"});
  expect_refused("hidden_act", "gelu", "CF-09", {"gelu", "silu"});
  expect_refused("use_sliding_window", true, "CF-09", {"true"});
  expect_refused("layer_types", {"full_attention", "sliding_attention"}, "CF-09",
                 {"sliding_attention"});
  expect_refused("quantization_config", {{"bits", 4}}, "CF-09", {"quantized"});
}

TEST_F(ModelConfig, CF10_EpsilonAndDuplicateKeys) {
  expect_refused("rms_norm_eps", 0.0, "CF-10", {"got 0.0"});
  expect_refused("rms_norm_eps", -1e-5, "CF-10", {"-1e-05"});
  expect_refused("rms_norm_eps", 1e-60, "CF-10", {"1e-60"});  // zero as a float32
  write_text(directory_ / "config.json", "{\"vocab_size\": 1, \"vocab_size\": 2}");
  expect_error([&] { read_model_shape(directory_.path()); }, "CF-10", ExitCode::kBadInput,
               {"config.json:1:", "\"vocab_size\" twice"});
}

TEST_F(ModelConfig, WrittenConfigReadsBackEqual) {
  ModelShape shape = read(llama_config());
  shape.eos_token_ids = {2, 5};
  shape.tied_embeddings = true;
  shape.mlp_bias = true;
  shape.rope_theta = 1234567.0f;
  const nlohmann::ordered_json written = config_json(shape);
  EXPECT_EQ(written["rms_norm_eps"].dump(), "1e-05");
  EXPECT_EQ(written["torch_dtype"], "float32");
  const ModelShape again = read(written);
  EXPECT_EQ(config_json(again), written);
  EXPECT_EQ(again.rope_theta, shape.rope_theta);
  EXPECT_EQ(again.norm_eps, shape.norm_eps);
  EXPECT_EQ(again.eos_token_ids, shape.eos_token_ids);
  EXPECT_TRUE(again.tied_embeddings && again.mlp_bias);
}

TEST_F(ModelConfig, BiasesThatTheArchitectureLacksAreRefused) {
  ModelShape shape;
  shape.qkv_bias = true;  // Llama has it only together with the bias of o
  EXPECT_THROW(config_json(shape), std::invalid_argument);
  shape.architecture = "Qwen2ForCausalLM";
  EXPECT_EQ(config_json(shape)["model_type"], "qwen2");
  shape.architecture = "GPTForCausalLM";
  EXPECT_THROW(config_json(shape), std::invalid_argument);
}

}  // namespace
}  // namespace trainer
