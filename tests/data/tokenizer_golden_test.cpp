// Token ids and texts against the reference library (tests/oracle/make_tokenizer_golden.py).
#include <gtest/gtest.h>

#include "tests/data/data_test_files.h"
#include "tests/data/tokenizer_samples.h"

namespace trainer {
namespace {

using Ids = std::vector<TokenId>;

void expect_golden(const Tokenizer& tokenizer, const nlohmann::json& cases) {
  for (const nlohmann::json& row : cases) {
    const auto text = row[0].get<std::string>();
    const auto ids = row[1].get<Ids>();
    EXPECT_EQ(tokenizer.encode(text), ids) << row[0];
    EXPECT_EQ(tokenizer.decode(ids), row[2].get<std::string>()) << row[0];
    EXPECT_EQ(tokenizer.encode_continuation(text), row[3].get<Ids>()) << row[0];
  }
}

TEST(TokenizerGolden, TK12_TinyBpe) {
  const nlohmann::json cases = read_golden("tokenizer_tiny_bpe.json");
  ASSERT_EQ(cases.size(), 200u);
  expect_golden(Tokenizer::load(golden_path("tiny_bpe"), 1000), cases);
}

TEST(TokenizerGolden, TK12_Stories260K) {
  const std::filesystem::path model = shared_data("models/stories260K-hf");
  if (!std::filesystem::exists(model)) GTEST_SKIP() << "needs the shared data: stories260K-hf";
  const Tokenizer tokenizer = Tokenizer::load(model, 512);
  EXPECT_EQ(tokenizer.size(), 512);
  EXPECT_EQ(tokenizer.find("</s>"), 2);
  const nlohmann::json cases = read_golden("tokenizer_stories260k.json");
  ASSERT_EQ(cases.size(), 300u);
  expect_golden(tokenizer, cases);
}

// Ids and texts as the reference library gives them for the same file.
TEST(TokenizerGolden, WordLevel) {
  const Tokenizer tokenizer = load_tokenizer(word_level_json(), 7);
  EXPECT_EQ(tokenizer.encode("a b"), (Ids{1, 2}));
  const Ids ids = tokenizer.encode("<s>a  b<s> a<x>b\u00a0c\u200bd");
  EXPECT_EQ(ids, (Ids{3, 1, 2, 3, 1, 5, 2, 0}));
  EXPECT_EQ(tokenizer.decode(ids), "a b a <x> b <unk>");
}

// Two passes: a token of the text as given wins over a longer one of the normalized text.
TEST(TokenizerGolden, TokensOfTheGivenTextComeFirst) {
  nlohmann::json json = word_level_json();
  EXPECT_EQ(load_tokenizer(json, 7).encode("<x>>a<x><x"), (Ids{6, 1, 5, 0}));
  json["added_tokens"][1]["normalized"] = false;  // <x>
  json["added_tokens"][2]["normalized"] = true;   // <x>>
  EXPECT_EQ(load_tokenizer(json, 7).encode("<x>> a"), (Ids{5, 0, 1}));
}

TEST(TokenizerGolden, WordLevelWithoutPreTokenizerTakesTheWholeText) {
  nlohmann::json json = word_level_json();
  json["pre_tokenizer"] = nullptr;
  EXPECT_EQ(load_tokenizer(json, 7).encode("a b"), (Ids{4}));
}

TEST(TokenizerGolden, MergesWithSpacesInsideTokens) {
  EXPECT_EQ(load_tokenizer(bpe_json(), 7).encode("a ababab"), (Ids{5, 6, 4}));
}

// One unknown token for each character, none fused; bytes that are not UTF-8 are unknown too.
TEST(TokenizerGolden, UnknownCharactersAndBytes) {
  const Tokenizer tokenizer = load_tokenizer(bpe_json(), 7);
  EXPECT_EQ(tokenizer.encode("xyab\u4f60"), (Ids{0, 0, 4, 0}));
  EXPECT_EQ(tokenizer.encode("a\xff\xe4\xbd"), (Ids{1, 0, 0, 0}));
}

TEST(TokenizerGolden, UnknownCharactersVanishWithoutUnknownToken) {
  nlohmann::json json = bpe_json();
  json["model"]["unk_token"] = nullptr;
  EXPECT_EQ(load_tokenizer(json, 7).encode("xaxb"), (Ids{4}));
}

TEST(TokenizerGolden, DecodeSkipsIdsWithoutToken) {
  EXPECT_EQ(load_tokenizer(bpe_json(), 100).decode(Ids{1, 7, 99, -1, 2}), "ab");
}

TEST(TokenizerGolden, DecodeContinuation) {
  const Tokenizer tiny = Tokenizer::load(golden_path("tiny_bpe"), 1000);
  const Ids the_a = tiny.encode_continuation(" the a");
  EXPECT_EQ(tiny.decode_continuation(tiny.encode("the"), the_a), " the a");
  EXPECT_EQ(tiny.decode_continuation({}, the_a), "the a");  // a beginning loses its space
  EXPECT_EQ(tiny.decode_continuation(the_a, {}), "");
  // U+201C is the bytes e2 80 9c: cut in two, its text belongs to the part that completes it.
  const TokenId e2 = *tiny.find("<0xE2>"), b80 = *tiny.find("<0x80>"), b9c = *tiny.find("<0x9C>");
  const TokenId a = *tiny.find("a");
  EXPECT_EQ(tiny.decode_continuation(Ids{a, e2, b80}, Ids{b9c, a}), "\u201ca");
  EXPECT_EQ(tiny.decode_continuation(Ids{a}, Ids{e2}), "\ufffd");
}

// U+F8FF and U+FFFD share their first byte: the cut must not fall inside a character.
TEST(TokenizerGolden, DecodeContinuationCutsBetweenCharacters) {
  nlohmann::json json = bpe_json();
  json["decoder"]["type"] = "ByteFallback";
  json["model"]["vocab"].update({{"<0xEF>", 7}, {"<0xA3>", 8}, {"<0xBF>", 9}});
  EXPECT_EQ(load_tokenizer(json, 10).decode_continuation(Ids{7}, Ids{8, 9}), "\uf8ff");
}

}  // namespace
}  // namespace trainer
