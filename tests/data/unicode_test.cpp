// Composed form and character classes: the fast ways against the tables they leave out.
#include "reference_trainer/data/unicode.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>

#include "reference_trainer/data/utf8.h"

namespace trainer {
namespace {

std::string encoded(char32_t c) {
  std::array<utf8proc_uint8_t, 4> bytes;
  const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes.data());
  return {bytes.begin(), bytes.begin() + length};
}

// The library's own way, over the whole text at once.
std::string nfc_of_library(const std::string& text) {
  utf8proc_uint8_t* result = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), std::ssize(text),
                   &result, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(result, std::free);
  return length < 0 ? "" : std::string(result, result + length);
}

TEST(Unicode, NfcByDefinition) {
  EXPECT_EQ(to_nfc("cafe\u0301 A\u030a\u212b \u304b\u3099\u3002"),
            "caf\u00e9 \u00c5\u00c5 \u304c\u3002");
  EXPECT_EQ(to_nfc("\u1112\u1161\u11ab"), "\ud55c");
  EXPECT_EQ(to_nfc("e\u0302\u0323"), "\u1ec7");             // marks are put in order first
  EXPECT_EQ(to_nfc("\u0344\u2126"), "\u0308\u0301\u03a9");  // excluded from composition
  EXPECT_EQ(to_nfc("a\xcc\u0301"), "a\xcc\u0301");          // a stray byte is a wall
  EXPECT_EQ(to_nfc(""), "");
}

// A stable character has no decomposition, is no mark, and is the second part of no composition.
TEST(Unicode, StableCharactersNeitherChangeNorCompose) {
  std::vector<bool> may_compose(0x110000);
  for (char32_t c = 0; c < 0x110000; ++c) {
    std::array<utf8proc_int32_t, 8> parts;
    int boundary = 0;
    const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts.data(), 8,
                                               UTF8PROC_DECOMPOSE, &boundary);
    ASSERT_LE(count, 4);
    for (utf8proc_ssize_t i = 1; i < count; ++i) may_compose[parts[i]] = true;
  }
  for (char32_t c = 1; c < 0x110000; ++c) {
    if (!is_stable_in_nfc(c)) continue;
    EXPECT_FALSE(may_compose[c]) << static_cast<int>(c);
    EXPECT_EQ(utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class, 0);
    EXPECT_EQ(nfc_of_library(encoded(c)), encoded(c));
  }
}

TEST(Unicode, NfcInPiecesIsNfcOfTheWhole) {
  const std::u32string alphabet =
      U"aeE\u00c5\u00e9 "
      U"\u0300\u0301\u0302\u0323\u0344\u0416\u0306\u0438\u05e9\u05bc\u05c1\u0f71\u0f72"
      U"\u1100\u1161\u11a8\uac00\u304b\u3099\u2019\u212b\u1e9b\u4f60\uf900\U0001d15e\U0001f600";
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (std::size_t n = random() % 12; n > 0; --n)
      text += encoded(alphabet[random() % alphabet.size()]);
    ASSERT_EQ(to_nfc(text), nfc_of_library(text)) << text;
  }
}

// Sorting marks by insertion, as the library does, would take minutes here.
TEST(Unicode, TK09_OneMebibyteOfMarksOutOfOrder) {
  std::string text = "a";
  while (text.size() < 1 << 19) text += "\u0301";
  while (text.size() < 1 << 20) text += "\u0316";
  const std::string composed = to_nfc(text);
  EXPECT_EQ(composed.size(), text.size() - 1);
  EXPECT_TRUE(composed.starts_with("\u00e1\u0316\u0316"));
}

TEST(Unicode, Classes) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xd800 && c < 0xe000) continue;
    const Character character = character_at(encoded(c), 0);
    ASSERT_EQ(character.code_point, c);
    ASSERT_EQ(character.kind == CharClass::kSpace, is_white_space(c));
    const std::string category = utf8proc_category_string(static_cast<utf8proc_int32_t>(c));
    ASSERT_EQ(character.kind == CharClass::kLetter, category[0] == 'L');
    ASSERT_EQ(character.kind == CharClass::kNumber, category[0] == 'N');
  }
  EXPECT_EQ(character_at("\xe4\xbd", 0).length, 1);
}

TEST(Unicode, WordCharacters) {
  for (const char32_t c :
       {U'a', U'0', U'_', U'\u00e9', U'\u0301', U'\u4f60', U'\u200d', U'\u24b6', U'\u2167'}) {
    EXPECT_TRUE(is_word_character(c)) << static_cast<int>(c);
  }
  for (const char32_t c : {U' ', U'-', U'\u00b2', U'\u200b', U'\ufffd', U'\U0001f600'}) {
    EXPECT_FALSE(is_word_character(c)) << static_cast<int>(c);
  }
}

}  // namespace
}  // namespace trainer
