// UTF-8 beyond base/utf8.h: code points, what is malformed, what counts as a space.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "reference_trainer/base/utf8.h"

namespace trainer {

// The code point of a well-formed character of 1 to 4 bytes.
char32_t utf8_code_point(std::string_view character);

// Offset of the first byte that is not part of a well-formed character; npos if all are.
std::size_t find_invalid_utf8(std::string_view text);

inline constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";  // U+FFFD

// `bytes` with every longest beginning of a character that is none replaced by one U+FFFD (Unicode
// 15, section 3.9, "substitution of maximal subparts").
std::string lossy_utf8(std::string_view bytes);

// The Unicode property White_Space (PropList.txt, Unicode 15).
bool is_white_space(char32_t code_point);

}  // namespace trainer
