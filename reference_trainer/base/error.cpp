#include "reference_trainer/base/error.h"

#include <cstring>
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
