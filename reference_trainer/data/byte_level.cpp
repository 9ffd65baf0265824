#include "reference_trainer/data/byte_level.h"

#include <array>
#include <cstdint>

#include "reference_trainer/data/utf8.h"

namespace trainer {
namespace {

constexpr std::size_t kCharacters = 0x100 + 68;  // 68 bytes are not printable

struct Alphabet {
  std::array<std::uint16_t, 256> character_of{};
  std::array<std::int16_t, kCharacters> byte_of{};
};

constexpr bool is_printable(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  for (std::int16_t& byte : alphabet.byte_of) byte = -1;
  int next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const int character = is_printable(byte) ? byte : next++;
    alphabet.character_of[byte] = static_cast<std::uint16_t>(character);
    alphabet.byte_of[character] = static_cast<std::int16_t>(byte);
  }
  return alphabet;
}
constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

std::string byte_level_character(unsigned char byte) {
  const unsigned c = kAlphabet.character_of[byte];
  if (c < 0x80) return {static_cast<char>(c)};
  return {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))};
}

std::string to_byte_level(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += byte_level_character(static_cast<unsigned char>(byte));
  return text;
}

std::string from_byte_level(std::string_view token) {
  std::string bytes;
  for (std::size_t at = 0; at < token.size();) {
    const std::size_t length = utf8_length(token, at);
    if (length == 0) return std::string(token);
    const char32_t c = utf8_code_point(token.substr(at, length));
    if (c >= kCharacters || kAlphabet.byte_of[c] < 0) return std::string(token);
    bytes += static_cast<char>(kAlphabet.byte_of[c]);
    at += length;
  }
  return bytes;
}

}  // namespace trainer
