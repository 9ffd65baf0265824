#include "reference_trainer/data/utf8.h"

namespace trainer {
namespace {

unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

}  // namespace

char32_t utf8_code_point(std::string_view character) {
  if (character.size() == 1) return byte_at(character, 0);
  // A lead byte of an n-byte character carries 7 - n payload bits, every other byte carries 6.
  char32_t code_point = byte_at(character, 0) & (0x7fu >> character.size());
  for (std::size_t k = 1; k < character.size(); ++k) {
    code_point = (code_point << 6) | (byte_at(character, k) & 0x3fu);
  }
  return code_point;
}

std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

bool is_white_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

}  // namespace trainer
