// The metadata of tokenizers, by what a file with nothing else in it contains.
#include "reference_trainer/formats/gguf_tokenizer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "reference_trainer/base/error.h"
#include "tests/io/files.h"

namespace trainer {
namespace {

namespace fs = std::filesystem;

template <class Number>
std::string little_endian(Number n) {
  return {reinterpret_cast<const char*>(&n), sizeof n};
}

std::string text(std::string_view t) {
  return little_endian(std::uint64_t{t.size()}) + std::string(t);
}

struct Written {
  std::string bytes;
  Notes notes;
  // Whether key, type and value stand there as the format has them.
  bool has_string(const std::string& key, const std::string& value) const {
    return has(text(key) + little_endian(std::uint32_t{8}) + text(value));
  }
  bool has(const std::string& part) const { return bytes.find(part) != std::string::npos; }
};

Written metadata(const fs::path& directory, std::int64_t vocab_size) {
  ModelShape shape;
  shape.vocab_size = vocab_size;
  shape.eos_token_ids = {2};
  Written written;
  GgufFile file;
  set_gguf_tokenizer(directory, shape, file, written.notes);
  const testing::TemporaryDirectory scratch;  // tests run side by side
  const fs::path path = scratch / "tokenizer.gguf";
  file.write(path);
  std::ifstream in(path, std::ios::binary);
  written.bytes.assign(std::istreambuf_iterator<char>(in), {});
  return written;
}

const fs::path kGolden = fs::path(ROSTE_SOURCE_DIR) / "tests/golden";

TEST(GgufTokenizer, ByteLevelFamiliesHaveTheNamesOfTheirSplitters) {
  const std::pair<const char*, const char*> families[] = {{"byte_level_neox", "gpt-2"},
                                                          {"byte_level_qwen2", "qwen2"},
                                                          {"byte_level_llama3", "llama-bpe"}};
  for (const auto& [directory, pre] : families) {
    const Written w = metadata(kGolden / directory, 512);
    EXPECT_TRUE(w.has_string("tokenizer.ggml.model", "gpt2")) << directory;
    EXPECT_TRUE(w.has_string("tokenizer.ggml.pre", pre)) << directory;
    EXPECT_TRUE(w.has(text("tokenizer.ggml.merges"))) << directory;
    EXPECT_TRUE(w.has(text("[PAD511]"))) << directory;
    EXPECT_TRUE(w.notes.empty());
  }
}

TEST(GgufTokenizer, EX06_APrefixSpaceOfItsOwnIsRefused) {
  try {
    metadata(kGolden / "byte_level_prefix", 512);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.parts().code, "EX-06");
  }
}

// From a file of its own, or a value of tokenizer_config.json; a list of named ones is left out.
TEST(GgufTokenizer, TheChatTemplateIsCarried) {
  const testing::TemporaryDirectory model;
  fs::copy(kGolden / "byte_level_qwen2" / "tokenizer.json", model.path());
  const std::string key = "tokenizer.chat_template", jinja = "{{ messages[0]['content'] }}";
  const auto write = [&](const char* name, const std::string& what) {
    std::ofstream(model / name) << what;
  };
  EXPECT_FALSE(metadata(model.path(), 512).has(text(key)));
  write("tokenizer_config.json", R"({"chat_template": [{"name": "default", "template": "x"}]})");
  EXPECT_FALSE(metadata(model.path(), 512).has(text(key)));
  write("tokenizer_config.json", R"({"chat_template": ")" + jinja + "\"}");
  EXPECT_TRUE(metadata(model.path(), 512).has_string(key, jinja));
  write("chat_template.jinja", "{{ bos_token }}");
  EXPECT_TRUE(metadata(model.path(), 512).has_string(key, "{{ bos_token }}"));
}

// A tokenizer of the Llama-2 kind: merges "a b" (rank 0) and "ab c" (rank 1).
TEST(GgufTokenizer, ScoresAreTheRanksOfMerges) {
  const fs::path directory = fs::path(::testing::TempDir()) / "roste-gguf-bpe";
  fs::create_directories(directory);
  std::ofstream(directory / "tokenizer.json") << R"({"added_tokens": [
    {"id": 0, "content": "<unk>", "special": true, "single_word": false, "lstrip": false,
     "rstrip": false, "normalized": false}],
    "normalizer": {"type": "Prepend", "prepend": "_"}, "pre_tokenizer": null,
    "post_processor": null, "decoder": null,
    "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
     "vocab": {"<unk>": 0, "<0x41>": 1, "a": 2, "b": 3, "c": 4, "ab": 5, "abc": 6},
     "merges": ["a b", ["ab", "c"]]}})";
  const Written w = metadata(directory, 7);
  fs::remove_all(directory);
  EXPECT_TRUE(w.has_string("tokenizer.ggml.model", "llama"));
  const auto array = [](const char* key, std::uint32_t type) {
    return text(key) + little_endian(std::uint32_t{9}) + little_endian(type) +
           little_endian(std::uint64_t{7});
  };
  std::string scores = array("tokenizer.ggml.scores", 6),
              types = array("tokenizer.ggml.token_type", 5);
  for (const float score : {0.0f, 0.0f, 0.0f, 0.0f, 0.0f, -0.0f, -1.0f})
    scores += little_endian(score);
  for (const std::int32_t type : {2, 6, 1, 1, 1, 1, 1}) types += little_endian(type);
  EXPECT_TRUE(w.has(scores));
  EXPECT_TRUE(w.has(types));
  EXPECT_TRUE(
      w.has(text("tokenizer.ggml.add_space_prefix") + little_endian(std::uint32_t{7}) + "\x01"));
  EXPECT_TRUE(w.has(text("tokenizer.ggml.eos_token_id") + little_endian(std::uint32_t{4}) +
                    little_endian(std::uint32_t{2})));
}

}  // namespace
}  // namespace trainer
