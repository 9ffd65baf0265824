// UTF-8 one character at a time: where characters end, what is malformed, what counts as a space.
#pragma once

#include <cstddef>
#include <string_view>

namespace trainer {

// Bytes (1 to 4) of the well-formed character that starts at text[at], at < text.size(); 0 where
// there is none (stray, overlong, surrogate, beyond U+10FFFF, cut off). Unicode 15, table 3-7.
std::size_t utf8_length(std::string_view text, std::size_t at);

// The code point of a well-formed character of 1 to 4 bytes.
char32_t utf8_code_point(std::string_view character);

// Offset of the first byte that is not part of a well-formed character; npos if all are.
std::size_t find_invalid_utf8(std::string_view text);

// The Unicode property White_Space (PropList.txt, Unicode 15).
bool is_white_space(char32_t code_point);

}  // namespace trainer
