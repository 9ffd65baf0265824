// The alphabet of byte-level tokenizers: every byte is written as one printable character, so that
// any text is a text of known characters (openai/gpt-2, bytes_to_unicode).
#pragma once

#include <string>
#include <string_view>

namespace trainer {

// The character of `byte` as UTF-8: itself for printable Latin-1, else U+0100 and following.
std::string byte_level_character(unsigned char byte);

// `bytes` with every byte written as its character.
std::string to_byte_level(std::string_view bytes);

// The bytes that `token` stands for; a token with any other character stands for itself, as in the
// reference implementation.
std::string from_byte_level(std::string_view token);

}  // namespace trainer
