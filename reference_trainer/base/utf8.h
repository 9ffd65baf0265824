// Where a character of UTF-8 ends, and what is none.
#pragma once

#include <cstddef>
#include <string_view>

namespace trainer {

// Bytes (1 to 4) of the well-formed character that starts at text[at], at < text.size(); 0 where
// there is none (stray, overlong, surrogate, beyond U+10FFFF, cut off). Unicode 15, table 3-7.
std::size_t utf8_length(std::string_view text, std::size_t at);

}  // namespace trainer
