#include "reference_trainer/data/utf8.h"

namespace trainer {
namespace {

unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool is_tail(unsigned char byte) { return (byte & 0xc0) == 0x80; }

// Bytes of the beginning of a character at text[at], where no whole one is: what could be
// completed.
std::size_t incomplete_length(std::string_view text, std::size_t at) {
  const unsigned char lead = byte_at(text, at);
  const std::size_t whole = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + 1 >= text.size()) return 1;
  // Overlong forms, surrogates and what is beyond U+10FFFF show in the second byte.
  const unsigned char second = byte_at(text, at + 1);
  const unsigned char least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 1;
  std::size_t length = 2;
  while (length < whole && at + length < text.size() && is_tail(byte_at(text, at + length))) {
    ++length;
  }
  return length;
}

}  // namespace

std::string lossy_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    if (const std::size_t length = utf8_length(bytes, at)) {
      text += bytes.substr(at, length);
      at += length;
    } else {
      text += kReplacementCharacter;
      at += incomplete_length(bytes, at);
    }
  }
  return text;
}

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
