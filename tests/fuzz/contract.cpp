#include "tests/fuzz/contract.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>

#include "reference_trainer/base/utf8.h"

namespace trainer::fuzz {
namespace {

// 20 problems of a list, each with names of 120 bytes that are escaped to four times as many.
constexpr std::size_t kLongestLine = 24576;

[[noreturn]] void fail(std::string_view what, std::string_view line) {
  std::fprintf(stderr, "CONTRACT: %.*s\n%.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(line.size()), line.data());
  std::abort();
}

// Every code of the first column of a table in docs/errors.md.
std::set<std::string, std::less<>> documented_codes() {
  std::ifstream file(std::string(ROSTE_SOURCE_DIR) + "/docs/errors.md");
  std::set<std::string, std::less<>> codes;
  for (std::string line; std::getline(file, line);) {
    const std::size_t end = line.find(" |", 2);
    if (line.starts_with("| ") && end != line.npos) codes.insert(line.substr(2, end - 2));
  }
  if (codes.empty()) fail("docs/errors.md lists no code", file ? "" : "it cannot be read");
  return codes;
}

bool is_listed(std::string_view code) {
  static const std::set<std::string, std::less<>> codes = documented_codes();
  return codes.contains(code);
}

// Characters by which a quoted name could end the line, or change how a terminal shows it: the C1
// control characters, the separators U+2028 and U+2029, and marks that reverse the writing
// direction.
bool is_unsafe(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
  if (character.size() == 2) return byte(0) == 0xc2 && byte(1) < 0xa0;
  if (character.size() != 3 || byte(0) != 0xe2) return false;
  return (byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae) ||
         (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9);
}

}  // namespace

void require(bool holds, std::string_view what) {
  if (!holds) fail(what, "");
}

void require_one_line(std::string_view line) {
  if (line.size() > kLongestLine) fail("a line that nobody can read", line.substr(0, 2000));
  for (std::size_t i = 0; i < line.size();) {
    const std::size_t length = utf8_length(line, i);
    if (length == 0) fail("invalid UTF-8 in an error line", line);
    if (is_unsafe(line.substr(i, length))) fail("a control character in an error line", line);
    i += length;
  }
}

void require_refusal(const Error& error, std::string_view groups) {
  const std::string_view line = error.what();
  const std::string& code = error.parts().code;
  require_one_line(line);
  const std::string_view group = std::string_view(code).substr(0, code.find('-'));
  if (group.empty() || groups.find(group) == groups.npos) fail("a code of another group", line);
  if (!is_listed(code)) fail("a code that docs/errors.md does not list", line);
  if (error.exit_code() != ExitCode::kBadInput) fail("another exit code than 3", line);
  if (!line.starts_with("error: " + code + " ") || line.find(": got ") == line.npos ||
      line.find(", expected ") == line.npos) {
    fail("not \"error: <code> <where>: got ..., expected ...\"", line);
  }
  if (error.parts().got.empty() || error.parts().expected.empty()) fail("an empty part", line);
}

void require_library_refusal(const std::invalid_argument& error) {
  const std::string_view line = error.what();
  require_one_line(line);
  if (!line.starts_with("roste: ")) fail("a message that does not begin with \"roste: \"", line);
}

}  // namespace trainer::fuzz
