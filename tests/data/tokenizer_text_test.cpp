// Long inputs, and the pieces below the tokenizer: UTF-8, added tokens, decoder steps.
#include <gtest/gtest.h>

#include "reference_trainer/data/added_tokens.h"
#include "reference_trainer/data/token_decoder.h"
#include "reference_trainer/data/utf8.h"
#include "tests/data/data_test_files.h"
#include "tests/data/tokenizer_samples.h"

namespace trainer {
namespace {

std::string repeated(const std::string& unit, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += unit;
  return text;
}

// Each is one piece of 1 MiB: recursion would overflow the stack, a quadratic merge would not end.
TEST(TokenizerText, TK09_OneMebibyteOfOneClass) {
  const Tokenizer tiny = Tokenizer::load(golden_path("tiny_bpe"), 1000);
  for (const char* unit : {"a", "ab", "0", " ", "\n", "\u4f60", "<|x|>", "<|x|>y"}) {
    const std::string text = repeated(unit, 1 << 20);
    EXPECT_TRUE(tiny.decode(tiny.encode(text)) == text) << unit;
  }
  for (const char* unknown : {"\u0301", "\xff", "<"}) {  // one unknown token for the whole run
    EXPECT_EQ(tiny.encode(repeated(unknown, 1 << 20)).size(), 4u) << unknown;
  }
}

TEST(TokenizerText, TK13_PathologicalMerges) {
  const Tokenizer tokenizer = load_tokenizer(bpe_json(), 7);
  const std::vector<TokenId> tokens = tokenizer.encode(repeated("ab", 1 << 20));
  EXPECT_EQ(tokens, std::vector<TokenId>(1 << 18, 6));
}

TEST(Utf8, LengthsOfAllCodePoints) {
  const auto encoded = [](char32_t c) {
    const auto tail = [&](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3f)); };
    if (c < 0x80) return std::string{static_cast<char>(c)};
    if (c < 0x800) return std::string{static_cast<char>(0xc0 | c >> 6), tail(0)};
    if (c < 0x10000) return std::string{static_cast<char>(0xe0 | c >> 12), tail(6), tail(0)};
    return std::string{static_cast<char>(0xf0 | c >> 18), tail(12), tail(6), tail(0)};
  };
  for (char32_t c = 0; c < 0x110000; ++c) {
    const std::string text = encoded(c);
    const bool is_surrogate = c >= 0xd800 && c < 0xe000;
    ASSERT_EQ(utf8_length(text, 0), is_surrogate ? 0 : text.size()) << static_cast<int>(c);
    ASSERT_EQ(utf8_code_point(text), c);
  }
}

TEST(Utf8, Malformed) {
  for (const char* text : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe4\xbd", "\xc3", "\xc3z"}) {
    EXPECT_EQ(find_invalid_utf8("ok" + std::string(text)), 2u);
  }
}

TEST(Utf8, WhiteSpaceHas25CodePoints) {
  int count = 0;
  for (char32_t c = 0; c < 0x110000; ++c) count += is_white_space(c) ? 1 : 0;
  EXPECT_EQ(count, 25);  // PropList.txt: "Total code points: 25"
  EXPECT_FALSE(is_white_space(0x200b));
}

TEST(AddedTokens, LeftmostLongestWithoutOverlap) {
  AddedTokenMatcher matcher;
  for (const auto& [content, id] : {std::pair{"ab", 1}, std::pair{"abcd", 2}, std::pair{"bc", 3}}) {
    AddedToken token;
    token.id = id;
    matcher.insert(content, token);
  }
  std::vector<std::pair<std::string, TokenId>> pieces;
  for (const TextPiece& piece : matcher.split("abcabcdxbcab")) {
    pieces.emplace_back(piece.text, piece.id);
  }
  EXPECT_EQ(pieces, (std::vector<std::pair<std::string, TokenId>>{
                        {"ab", 1}, {"c", -1}, {"abcd", 2}, {"x", -1}, {"bc", 3}, {"ab", 1}}));
  EXPECT_TRUE(matcher.split("").empty());
}

// Both want the spaces between them: the first one has them, and nothing is covered twice.
TEST(AddedTokens, SpacesBelongToTheFirstThatStripsThem) {
  AddedToken a, b;
  a.id = 1;
  a.rstrip = true;
  b.id = 2;
  b.lstrip = true;
  AddedTokenMatcher matcher;
  matcher.insert("a", a);
  matcher.insert("b", b);
  std::vector<std::pair<std::string, TokenId>> pieces;
  for (const TextPiece& piece : matcher.split("x a  b y  b")) {
    pieces.emplace_back(piece.text, piece.id);
  }
  EXPECT_EQ(pieces, (std::vector<std::pair<std::string, TokenId>>{
                        {"x ", -1}, {"a  ", 1}, {"b", 2}, {" y", -1}, {"  b", 2}}));
}

TEST(TokenDecoder, BytesOfTokens) {
  EXPECT_EQ(byte_of_token("<0x00>"), 0);
  EXPECT_EQ(byte_of_token("<0xfF>"), 255);
  for (const char* token : {"<0x1>", "<0x123>", "<0xG0>", "<0x0G>", "<0x10", "x0x10>"}) {
    EXPECT_FALSE(byte_of_token(token)) << token;
  }
}

// Without Fuse, Strip acts on every token; a run of bytes that is not UTF-8 is replaced as a whole.
TEST(TokenDecoder, Steps) {
  using Steps = std::vector<DecoderStep>;
  EXPECT_EQ(decode_tokens(Steps{Strip{" ", 1, 1}}, {"  a  ", " ", "b "}), " a b");
  EXPECT_EQ(decode_tokens(Steps{Fuse{}, Strip{" ", 1, 0}}, {" a", " b"}), "a b");
  EXPECT_EQ(decode_tokens(Steps{ByteFallback{}}, {"<0xC3>", "<0xA9>", "x", "<0xC3>", "<0x41>"}),
            "\u00e9x\ufffd\ufffd");
  EXPECT_EQ(decode_tokens(Steps{Replace{"aa", "b"}}, {"aaa", "a"}), "baa");
  EXPECT_EQ(decode_tokens(Steps{}, {"a", "b"}), "ab");
  EXPECT_EQ(decode_tokens(std::nullopt, {"a", "b"}), "a b");
}

}  // namespace
}  // namespace trainer
