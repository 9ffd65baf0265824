// What Unicode says about characters, as far as tokenizers ask: classes and composed form. The
// tables are those of the library utf8proc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace trainer {

// \p{L}, \p{N} and \s of regular expressions; the three are disjoint.
enum class CharClass : std::uint8_t { kOther, kLetter, kNumber, kSpace };

struct Character {
  CharClass kind;
  std::uint8_t length;  // bytes, 1 to 4
  char32_t code_point;  // U+FFFD for a byte that is not UTF-8, which is of kind kOther
};

// The character at text[at], at < text.size(). A byte that is not UTF-8 is a character of its own.
Character character_at(std::string_view text, std::size_t at);

// Whether a regular expression's \w matches: alphabetic, mark, decimal digit, connector, joiner
// (Unicode Technical Standard 18, annex C).
bool is_word_character(char32_t code_point);

// Normalization form C (Unicode Standard Annex 15), in O(n log n). Bytes that are not UTF-8 stay
// where they are and nothing composes across them.
std::string to_nfc(std::string_view text);

// Never changed by to_nfc and never composed with what stands before it. Not every such character
// is known to be one.
bool is_stable_in_nfc(char32_t code_point);

}  // namespace trainer
