#include "reference_trainer/base/error.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "reference_trainer/base/utf8.h"

namespace trainer {
namespace {

void append_escaped_byte(std::string& out, unsigned char byte) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (byte) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
  }
}

// Control characters of one byte and, in two, C1; the separators of lines and paragraphs and the
// marks that turn the direction of writing, U+2028 ... U+202E and U+2066 ... U+2069.
bool is_control(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
  if (character.size() == 2) return byte(0) == 0xc2 && byte(1) < 0xa0;
  if (character.size() != 3 || byte(0) != 0xe2) return false;
  return (byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae) ||
         (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9);
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    const std::string_view character =
        std::string_view(text).substr(i, std::max<std::size_t>(length, 1));
    if (length > 0 && !is_control(character)) {
      out += character;
    } else {
      for (const char byte : character) append_escaped_byte(out, static_cast<unsigned char>(byte));
    }
    i += character.size();
  }
  return out;
}

std::string line_of(const ErrorParts& parts) {
  std::string line = parts.code + " " + escaped(parts.where) + ": got " + escaped(parts.got) +
                     ", expected " + escaped(parts.expected);
  if (!parts.hint.empty()) line += "; " + escaped(parts.hint);
  return line;
}

Error::Error(ExitCode exit_code, ErrorParts parts)
    : std::runtime_error("error: " + line_of(parts)),
      exit_code_(exit_code),
      parts_(std::move(parts)) {}

void throw_usage(ErrorParts parts) { throw Error(ExitCode::kUsage, std::move(parts)); }

void throw_bad_input(ErrorParts parts) { throw Error(ExitCode::kBadInput, std::move(parts)); }

void throw_io(ErrorParts parts, int error_number) {
  parts.got += std::string(parts.got.empty() ? "" : ": ") + std::strerror(error_number);
  throw Error(ExitCode::kIo, std::move(parts));
}

}  // namespace trainer
