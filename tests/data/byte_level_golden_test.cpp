// Byte-level tokenizers against the reference library: small ones of our own
// (tests/oracle/make_byte_level_golden.py) and the real ones, which are not part of this tree.
#include <gtest/gtest.h>

#include <sstream>

#include "tests/data/data_test_files.h"

namespace trainer {
namespace {

using Ids = std::vector<TokenId>;

class ByteLevelGolden : public testing::TestWithParam<const char*> {};

TEST_P(ByteLevelGolden, TK12_IdsAndTexts) {
  const std::string name = std::string("byte_level_") + GetParam();
  const Tokenizer tokenizer = Tokenizer::load(golden_path(name), 500);
  const nlohmann::json cases = read_golden("tokenizer_" + name + ".json");
  ASSERT_GT(cases.size(), 300u);
  for (const nlohmann::json& row : cases) {
    const auto ids = row[1].get<Ids>();
    EXPECT_EQ(tokenizer.encode(row[0].get<std::string>()), ids) << row[0];
    EXPECT_EQ(tokenizer.decode(ids), row[2].get<std::string>()) << row[0];
  }
}

INSTANTIATE_TEST_SUITE_P(Families, ByteLevelGolden,
                         testing::Values("neox", "qwen2", "llama3", "prefix"),
                         [](const auto& p) { return std::string(p.param); });

struct Vector {
  std::string text;
  Ids ids;
};

// Texts with a line of __ggml_vocab_test__ after each, and a line of ids for each.
std::vector<Vector> read_vectors(const std::string& name) {
  std::ifstream texts(shared_data("tokenizers/" + name + ".inp"), std::ios::binary);
  std::ifstream ids(shared_data("tokenizers/" + name + ".out"));
  std::vector<Vector> vectors(1);
  bool is_first = true;
  for (std::string line; std::getline(texts, line);) {
    if (line == "__ggml_vocab_test__") {
      vectors.emplace_back();
      is_first = true;
      continue;
    }
    vectors.back().text += is_first ? line : "\n" + line;
    is_first = false;
  }
  for (Vector& vector : vectors) {
    std::string line;
    std::getline(ids, line);
    std::istringstream numbers(line);
    for (TokenId id; numbers >> id;) vector.ids.push_back(id);
  }
  return vectors;
}

void expect_vectors(const Tokenizer& tokenizer, const std::string& name) {
  const std::vector<Vector> vectors = read_vectors(name);
  ASSERT_EQ(vectors.size(), 47u);
  for (const Vector& vector : vectors) {
    EXPECT_EQ(tokenizer.encode(vector.text), vector.ids) << vector.text;
    EXPECT_EQ(tokenizer.decode(vector.ids), vector.text);
  }
}

bool has_shared_tokenizers() { return std::filesystem::exists(shared_data("tokenizers")); }

TEST(ByteLevelVectors, TK12_Pythia) {
  if (!has_shared_tokenizers()) GTEST_SKIP() << "needs the shared data: tokenizers";
  const TemporaryDirectory directory;
  std::filesystem::create_symlink(shared_data("tokenizers/pythia_20B_tokenizer.json"),
                                  directory.path() / "tokenizer.json");
  const Tokenizer tokenizer = Tokenizer::load(directory.path(), 50304);
  EXPECT_EQ(tokenizer.size(), 50277);
  EXPECT_EQ(tokenizer.find("<|endoftext|>"), 0);
  expect_vectors(tokenizer, "pythia_vectors");
}

TEST(ByteLevelVectors, TK12_Qwen2) {
  if (!has_shared_tokenizers()) GTEST_SKIP() << "needs the shared data: tokenizers";
  const TemporaryDirectory directory;
  for (const char* name : {"vocab.json", "merges.txt", "tokenizer_config.json"}) {
    std::filesystem::create_symlink(shared_data("tokenizers/qwen2_" + std::string(name)),
                                    directory.path() / name);
  }
  const Tokenizer tokenizer = Tokenizer::load(directory.path(), 151936);
  EXPECT_EQ(tokenizer.size(), 151646);
  EXPECT_EQ(tokenizer.find("<|im_end|>"), 151645);
  expect_vectors(tokenizer, "qwen2_vectors");
  EXPECT_EQ(tokenizer.encode("<|im_start|>"), Ids{151644});
}

}  // namespace
}  // namespace trainer
