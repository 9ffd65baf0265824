#include "reference_trainer/base/error.h"

#include <cstring>
#include <utility>

namespace trainer {
namespace {

// Length of the valid UTF-8 sequence that starts at text[i], or 0.
std::size_t utf8_length(const std::string& text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char lead = byte(i);
  const std::size_t length = lead < 0x80                   ? 1
                             : lead >= 0xc2 && lead < 0xe0 ? 2
                             : lead >= 0xe0 && lead < 0xf0 ? 3
                             : lead >= 0xf0 && lead < 0xf5 ? 4
                                                           : 0;
  if (length == 0 || i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xc0) != 0x80) return 0;
  }
  return length;
}

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

std::string one_line(const ErrorParts& parts) {
  std::string line = "error: " + parts.code + " " + escaped(parts.where) + ": got " +
                     escaped(parts.got) + ", expected " + escaped(parts.expected);
  if (!parts.hint.empty()) line += "; " + escaped(parts.hint);
  return line;
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = utf8_length(text, i);
    if (byte < 0x20 || byte == 0x7f || length == 0) {
      append_escaped_byte(out, byte);
      ++i;
    } else {
      out.append(text, i, length);
      i += length;
    }
  }
  return out;
}

Error::Error(ExitCode exit_code, ErrorParts parts)
    : std::runtime_error(one_line(parts)), exit_code_(exit_code), parts_(std::move(parts)) {}

void throw_usage(ErrorParts parts) { throw Error(ExitCode::kUsage, std::move(parts)); }

void throw_bad_input(ErrorParts parts) { throw Error(ExitCode::kBadInput, std::move(parts)); }

void throw_io(ErrorParts parts, int error_number) {
  parts.got += std::string(parts.got.empty() ? "" : ": ") + std::strerror(error_number);
  throw Error(ExitCode::kIo, std::move(parts));
}

}  // namespace trainer
