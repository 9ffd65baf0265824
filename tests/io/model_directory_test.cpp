#include "reference_trainer/io/model_directory.h"

#include "tests/io/files.h"

namespace trainer {
namespace {

using testing::TemporaryDirectory;
using testing::write_text;

ModelMetadata tiny_metadata(const TemporaryDirectory& tokenizer) {
  ModelMetadata metadata;
  metadata.shape = {.vocab_size = 8,
                    .hidden_size = 4,
                    .intermediate_size = 6,
                    .layers = 1,
                    .heads = 2,
                    .kv_heads = 1,
                    .head_dim = 2,
                    .max_positions = 16,
                    .bos_token_id = std::nullopt,
                    .eos_token_ids = {3}};
  metadata.roste = {{"format", 1}};
  metadata.tokenizer_directory = tokenizer.path();
  return metadata;
}

TEST(ModelDirectory, WrittenDirectoryReadsBack) {
  const TemporaryDirectory directory;
  const TemporaryDirectory tokenizer;
  write_text(tokenizer / "tokenizer.json", std::string("{\0\r\n\xff", 5));
  write_text(tokenizer / "chat_template.jinja", "{{ x }}");
  write_text(tokenizer / "secret.txt", "not a tokenizer file");
  const ModelMetadata metadata = tiny_metadata(tokenizer);
  const std::vector<float> values = {1, 2, 3, 4};
  const std::vector<FloatTensorView> tensors = {{"model.norm.weight", {4}, values}};
  write_model_directory(directory / "deep/out", metadata, tensors);

  EXPECT_THAT(testing::names_below(directory.path()),
              ::testing::ElementsAre("deep", "deep/out", "deep/out/chat_template.jinja",
                                     "deep/out/config.json", "deep/out/generation_config.json",
                                     "deep/out/model.safetensors", "deep/out/roste.json",
                                     "deep/out/tokenizer.json"));
  const ModelShape shape = read_model_shape(directory / "deep/out");
  EXPECT_EQ(shape.hidden_size, 4);
  EXPECT_FALSE(shape.bos_token_id.has_value());
  EXPECT_THAT(shape.eos_token_ids, ::testing::ElementsAre(3));
  EXPECT_EQ(read_roste_json(directory / "deep/out"), metadata.roste);
  EXPECT_EQ(testing::read_text(directory / "deep/out/tokenizer.json"),
            std::string("{\0\r\n\xff", 5));
  const WeightFiles files = WeightFiles::open(directory / "deep/out");
  std::vector<float> read(4);
  files.read_floats("model.norm.weight", read);
  EXPECT_EQ(read, values);
  EXPECT_EQ(SafetensorsFile::open(directory / "deep/out/model.safetensors").metadata().at("format"),
            "pt");
}

TEST(ModelDirectory, FailureLeavesNothingBehind) {
  const TemporaryDirectory directory;
  const TemporaryDirectory tokenizer;
  ModelMetadata metadata = tiny_metadata(tokenizer);
  const std::vector<float> values = {1, 2, 3};
  const std::vector<FloatTensorView> wrong = {{"model.norm.weight", {4}, values}};
  EXPECT_THROW(write_model_directory(directory / "out", metadata, wrong), std::invalid_argument);
  EXPECT_TRUE(testing::names_below(directory.path()).empty());
}

TEST(ModelDirectory, RosteJsonMayBeAbsent) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(read_roste_json(directory.path()).is_null());
  write_text(directory / "roste.json", "{\"a\": 1, \"a\": 1}");
  testing::expect_error([&] { read_roste_json(directory.path()); }, "CF-10", ExitCode::kBadInput,
                        {"roste.json:1:"});
}

// Written by save_pretrained of transformers v5 in two shards (tests/oracle/make_llama_golden.py).
TEST(ModelDirectory, OpensShardsOfTransformers) {
  const std::filesystem::path directory = ROSTE_SOURCE_DIR "/tests/golden/llama_qwen2";
  const ModelShape shape = read_model_shape(directory);
  EXPECT_EQ(shape.architecture, "Qwen2ForCausalLM");
  EXPECT_EQ(shape.kv_heads, 1);
  EXPECT_TRUE(shape.qkv_bias);
  const WeightFiles files = WeightFiles::open(directory);
  // Embedding, last norm and head; 7 matrices, 3 biases and 2 norms for each of the 2 layers.
  EXPECT_EQ(files.names().size(), 3 + 2 * 12u);
  std::vector<float> bias(16);
  EXPECT_NO_THROW(files.read_floats("model.layers.1.self_attn.v_proj.bias", bias));
}

TEST(ModelDirectory, OpensARealModel) {
  const std::filesystem::path directory = ROSTE_SHARED_DATA "/models/stories260K-hf";
  if (!std::filesystem::exists(directory)) GTEST_SKIP() << "no stories260K-hf in the shared data";
  const ModelShape shape = read_model_shape(directory);
  EXPECT_EQ(shape.hidden_size, 64);
  EXPECT_EQ(shape.intermediate_size, 172);
  EXPECT_EQ(shape.layers, 5);
  EXPECT_EQ(shape.heads, 8);
  EXPECT_EQ(shape.kv_heads, 4);
  EXPECT_EQ(shape.vocab_size, 512);
  EXPECT_TRUE(shape.tied_embeddings);
  const WeightFiles files = WeightFiles::open(directory);
  EXPECT_EQ(files.names().size(),
            2 + 9 * 5u);  // embedding, last norm; 7 matrices and 2 norms a layer
  EXPECT_THAT(files.info("model.embed_tokens.weight").shape, ::testing::ElementsAre(512, 64));
  EXPECT_THAT(files.info("model.layers.4.mlp.down_proj.weight").shape,
              ::testing::ElementsAre(64, 172));
  std::vector<float> norm(64);
  files.read_floats("model.norm.weight", norm);
  EXPECT_NO_THROW(check_finite("model.norm.weight", directory, norm));
}

}  // namespace
}  // namespace trainer
