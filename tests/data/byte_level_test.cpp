// What holds for every byte-level tokenizer: round trips, long inputs, odd files.
#include "reference_trainer/data/byte_level.h"

#include <gtest/gtest.h>

#include <random>

#include "reference_trainer/data/utf8.h"
#include "tests/data/data_test_files.h"

namespace trainer {
namespace {

using Ids = std::vector<TokenId>;
using nlohmann::json;

json golden_tokenizer(const std::string& family) {
  return read_golden("byte_level_" + family + "/tokenizer.json");
}

TEST(ByteLevel, AlphabetIsOneToOne) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(from_byte_level(to_byte_level(all)), all);
  EXPECT_EQ(to_byte_level("a \n\xff"), "a\u0120\u010a\u00ff");
  EXPECT_EQ(from_byte_level("a b"), "a b");  // a space is no character of the alphabet
}

// Texts and all code points come back; bytes that are not UTF-8 as replacement characters.
TEST(ByteLevel, TK08_DecodeOfEncode) {
  json parts = golden_tokenizer("prefix");
  parts["added_tokens"] = json::array();
  const Tokenizer tokenizer = load_tokenizer(parts, 500);
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes;
    for (std::size_t n = random() % 24; n > 0; --n) bytes += static_cast<char>(random());
    const Ids ids = tokenizer.encode_continuation(bytes);
    ASSERT_EQ(tokenizer.decode(ids), lossy_utf8(bytes));
  }
}

TEST(ByteLevel, TK08_EveryCharacterComesBack) {
  const Tokenizer tokenizer = load_tokenizer(golden_tokenizer("llama3"), 500);
  for (char32_t c = 0x80; c < 0x110000; c += 61) {
    std::string text;
    for (char32_t k = c; k < c + 61 && k < 0x110000; ++k) {
      if (k < 0x800)
        text += {static_cast<char>(0xc0 | k >> 6), static_cast<char>(0x80 | (k & 0x3f))};
      if (k >= 0x800 && (k < 0xd800 || k >= 0xe000) && k < 0x10000) {
        text += {static_cast<char>(0xe0 | k >> 12), static_cast<char>(0x80 | (k >> 6 & 0x3f)),
                 static_cast<char>(0x80 | (k & 0x3f))};
      }
    }
    ASSERT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
  }
}

class LongPieces : public testing::TestWithParam<const char*> {};

TEST_P(LongPieces, TK09_TK13_OneMebibyteOfOneClass) {
  const Tokenizer tokenizer = load_tokenizer(golden_tokenizer(GetParam()), 500);
  for (const char* unit : {"a", "the", "0", " ", "\n", "'", "\u4f60", "\u0301", "\xff"}) {
    std::string text;
    while (text.size() < 1 << 20) text += unit;
    EXPECT_TRUE(tokenizer.decode(tokenizer.encode(text)) == lossy_utf8(text)) << unit;
  }
}

INSTANTIATE_TEST_SUITE_P(ByteLevel, LongPieces, testing::Values("neox", "qwen2", "llama3"),
                         [](const auto& p) { return std::string(p.param); });

TEST(ByteLevel, ContinuationsGetNoPrefixSpace) {
  const Tokenizer tokenizer = Tokenizer::load(golden_path("byte_level_prefix"), 500);
  EXPECT_EQ(tokenizer.encode("the"), tokenizer.encode_continuation(" the"));
  EXPECT_NE(tokenizer.encode("the"), tokenizer.encode_continuation("the"));
}

// "zebra" is a token that no merges give.
TEST(ByteLevel, WholeWordsAreTakenOnlyWhereTheFileSaysSo) {
  json parts = golden_tokenizer("llama3");
  const TokenId zebra = parts["model"]["vocab"]["\u0120zebra"];
  EXPECT_EQ(load_tokenizer(parts, 500).encode_continuation(" zebra"), Ids{zebra});
  parts["model"]["ignore_merges"] = false;
  const Tokenizer merging = load_tokenizer(parts, 500);
  EXPECT_GT(merging.encode_continuation(" zebra").size(), 1u);
  EXPECT_EQ(merging.decode(merging.encode(" zebra")), " zebra");
}

TEST(ByteLevel, BytesWithoutTokenVanish) {
  json parts = golden_tokenizer("prefix");
  parts["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", false}};
  parts["added_tokens"] = json::array();
  parts["model"]["vocab"] = {{"a", 0}, {"b", 1}, {"ab", 2}};
  parts["model"]["merges"] = {"a b"};
  EXPECT_EQ(load_tokenizer(parts, 3).encode("xab\u00e9a"), (Ids{2, 0}));
  parts["model"]["unk_token"] = "b";  // the reference: one for every missing byte
  EXPECT_EQ(load_tokenizer(parts, 3).encode("xab\u00e9a"), (Ids{1, 2, 1, 1, 0}));
}

TEST(ByteLevel, LossyUtf8ReplacesMaximalSubparts) {
  const std::string r = "\ufffd";
  EXPECT_EQ(lossy_utf8("a\xe2\x80z"), "a" + r + "z");
  EXPECT_EQ(lossy_utf8("\xf0\x9f\x98"), r);
  EXPECT_EQ(lossy_utf8("\xe0\x80\xc0\xaf"), r + r + r + r);
  EXPECT_EQ(lossy_utf8("\xed\xa0\x80"), r + r + r);
  EXPECT_EQ(lossy_utf8("\xf4\x90\x80"), r + r + r);
  EXPECT_EQ(lossy_utf8("\xe4\xbd\xa0\xe4"), "\u4f60" + r);
}

struct BadPart {
  std::string pointer, value, place;
};

TEST(ByteLevel, TK01_TK10_PartsThatWeDoNotImplement) {
  const json good = golden_tokenizer("qwen2");
  const std::string split = "/pre_tokenizer/pretokenizers/0";
  const std::string last = "/pre_tokenizer/pretokenizers/1";
  const std::string byte_level = R"({"type": "ByteLevel", "trim_offsets": true})";
  const BadPart cases[] = {
      {split + "/pattern/Regex", R"x("(a+)+")x", split + "/pattern/Regex"},
      {split + "/pattern", R"({"String": " "})", split + "/pattern/String"},
      {split + "/behavior", "\"Removed\"", split + "/behavior"},
      {split + "/invert", "true", split + "/invert"},
      {split + "/type", "\"Digits\"", split + "/type"},
      {last + "/type", "\"Split\"", last + "/type"},
      {last, byte_level, last + "/add_prefix_space"},
      {"/pre_tokenizer/pretokenizers", "[]", "/pre_tokenizer/pretokenizers"},
      {"/pre_tokenizer", byte_level, "/pre_tokenizer/add_prefix_space"},
      {"/normalizer/normalizers/0/type", "\"NFD\"", "/normalizer/normalizers/0/type"},
      {"/decoder/type", "\"WordPiece\"", "/decoder/type"},
      {"/post_processor/x", "1", "/post_processor/x"},
      {"/model/type", "\"Unigram\"", "/model/type"}};
  for (const BadPart& bad : cases) {
    json changed = good;
    changed[json::json_pointer(bad.pointer)] = json::parse(bad.value);
    const ErrorParts error = error_of([&] { load_tokenizer(changed, 500); });
    EXPECT_EQ(error.code, "TK-01") << bad.pointer;
    EXPECT_TRUE(error.where.ends_with("tokenizer.json:" + bad.place)) << error.where;
  }
}

TEST(ByteLevel, TK01_WordsOfBytesNeedBpe) {
  json parts = golden_tokenizer("neox");
  parts["added_tokens"] = json::array();
  parts["model"] = {{"type", "WordLevel"}, {"unk_token", "a"}, {"vocab", {{"a", 0}}}};
  const ErrorParts error = error_of([&] { load_tokenizer(parts, 500); });
  EXPECT_EQ(error.code, "TK-01");
  EXPECT_TRUE(error.where.ends_with(":/pre_tokenizer/type")) << error.where;
}

TEST(ByteLevel, TK01_TwoTemplates) {
  json parts = golden_tokenizer("llama3");
  json& processors = parts["post_processor"]["processors"];
  processors.push_back(processors[1]);
  const ErrorParts error = error_of([&] { load_tokenizer(parts, 500); });
  EXPECT_EQ(error.code, "TK-01");
  EXPECT_TRUE(error.where.ends_with(":/post_processor/processors/2")) << error.where;
}

}  // namespace
}  // namespace trainer
