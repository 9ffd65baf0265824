// JSON that came from strangers: bounded depth, no duplicate keys, positions in errors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace trainer {

// Whole file as bytes. Only regular files are read. Throws Error: kBadInput with `code` when there
// is no such file or it is not a regular file, kIo when the operating system refuses.
std::string read_file(const std::filesystem::path& path, const std::string& code = "IO-01");

enum class JsonPosition { kLineAndColumn, kByte };

// What to say when JSON is malformed: the file and the codes of its group.
struct JsonOrigin {
  std::string where;                // e.g. "dir/config.json"
  std::string code;                 // e.g. "CF-01"
  std::string depth_code = {};      // nested too deep, e.g. "CF-03"; empty: `code`
  std::string duplicate_code = {};  // a key twice in one object, e.g. "CF-10"; empty: `code`
  JsonPosition position = JsonPosition::kLineAndColumn;
  std::uint64_t first_byte = 0;  // where the text starts in the file, for kByte
};

// Deepest nesting of arrays and objects that is read.
inline constexpr int kMaxJsonDepth = 64;

// Parses `text`; at most kMaxJsonDepth levels deep, no duplicate keys, valid UTF-8, a UTF-8
// byte-order mark is skipped. Throws Error(kBadInput) with line and column (or byte), both in
// bytes.
nlohmann::json parse_json(std::string_view text, const JsonOrigin& origin);

// `token` as one step of a JSON pointer (RFC 6901: ~ and / are escaped), cut to 120 bytes.
std::string pointer_step(std::string_view token);

// `text` for a message, in quotes and cut to 120 bytes.
std::string in_quotes(std::string_view text);

// `value` for a message: its JSON text, cut to 120 bytes.
std::string shown(const nlohmann::json& value);

}  // namespace trainer
