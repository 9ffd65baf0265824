// vocab.json, merges.txt and tokenizer_config.json instead of tokenizer.json.
#include <gtest/gtest.h>

#include "tests/data/data_test_files.h"

namespace trainer {
namespace {

using nlohmann::json;

// The golden tokenizer of `family` in the older files.
class VocabularyFiles {
 public:
  VocabularyFiles(const std::string& family, const std::string& tokenizer_class) {
    const json parts = read_golden("byte_level_" + family + "/tokenizer.json");
    vocabulary = parts["model"]["vocab"];
    config["tokenizer_class"] = tokenizer_class;
    for (json token : parts["added_tokens"]) {
      const std::string id = std::to_string(token["id"].get<int>());
      token.erase("id");
      config["added_tokens_decoder"][id] = token;
    }
    for (const json& merge : parts["model"]["merges"]) merges += merge.get<std::string>() + "\n";
  }

  Tokenizer load() const {
    const TemporaryDirectory directory;
    directory.write("vocab.json", vocabulary.dump());
    directory.write("merges.txt", merges);
    directory.write("tokenizer_config.json", config.dump());
    return Tokenizer::load(directory.path(), 500);
  }

  json vocabulary, config;
  std::string merges = "#version: 0.2\n";
};

void expect_golden(const Tokenizer& tokenizer, const std::string& family) {
  for (const json& row : read_golden("tokenizer_byte_level_" + family + ".json")) {
    EXPECT_EQ(tokenizer.encode(row[0].get<std::string>()), row[1].get<std::vector<TokenId>>())
        << row[0];
  }
}

TEST(VocabularyFiles, Qwen2IsWhatItsTokenizerJsonIs) {
  expect_golden(VocabularyFiles("qwen2", "Qwen2TokenizerFast").load(), "qwen2");
}

TEST(VocabularyFiles, Gpt2HasItsOwnWords) {
  VocabularyFiles files("qwen2", "GPT2Tokenizer");
  const Tokenizer plain = files.load();
  EXPECT_EQ(plain.encode("a 12"), plain.encode_continuation("a 12"));
  files.config["add_prefix_space"] = true;
  EXPECT_EQ(files.load().encode("a 12"), plain.encode(" a 12"));
}

TEST(VocabularyFiles, CarriageReturnsAndNoFirstLine) {
  VocabularyFiles files("qwen2", "Qwen2Tokenizer");
  std::string merges;
  for (const char c : files.merges.substr(files.merges.find('\n') + 1)) {
    merges += c == '\n' ? "\r\n" : std::string(1, c);
  }
  files.merges = merges;
  expect_golden(files.load(), "qwen2");
}

TEST(VocabularyFiles, Errors) {
  const auto failure = [](auto change) {
    VocabularyFiles files("qwen2", "Qwen2Tokenizer");
    change(files);
    return error_of([&] { files.load(); });
  };
  const ErrorParts bad_class =
      failure([](auto& f) { f.config["tokenizer_class"] = "BloomTokenizer"; });
  EXPECT_EQ(bad_class.code, "TK-01");
  EXPECT_TRUE(bad_class.where.ends_with("tokenizer_config.json:/tokenizer_class"))
      << bad_class.where;
  EXPECT_EQ(failure([](auto& f) { f.config.erase("tokenizer_class"); }).code, "TK-01");
  EXPECT_EQ(failure([](auto& f) { f.config["added_tokens_decoder"]["4x"] = json::object(); }).code,
            "TK-02");
  EXPECT_EQ(failure([](auto& f) { f.config["added_tokens_decoder"]["4"] = 1; }).code, "TK-01");
  EXPECT_EQ(failure([](auto& f) { f.vocabulary.clear(); }).code, "TK-03");
  const ErrorParts bad_merge = failure([](auto& f) { f.merges += "a b c\n"; });
  const json merges = read_golden("byte_level_qwen2/tokenizer.json")["model"]["merges"];
  const std::string count = std::to_string(merges.size());
  EXPECT_EQ(bad_merge.code, "TK-04");
  EXPECT_TRUE(bad_merge.where.ends_with("/model/merges/" + count)) << bad_merge.where;
}

TEST(VocabularyFiles, MissingMerges) {
  const TemporaryDirectory directory;
  directory.write("vocab.json", "{}");
  directory.write("tokenizer_config.json", R"({"tokenizer_class": "Qwen2Tokenizer"})");
  EXPECT_EQ(error_of([&] { Tokenizer::load(directory.path(), 7); }).code, "IO-01");
}

}  // namespace
}  // namespace trainer
