#include "reference_trainer/io/json.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <unordered_set>
#include <vector>

#include "reference_trainer/base/error.h"
#include "reference_trainer/io/file.h"

namespace trainer {
namespace {

constexpr std::size_t kMaxShown = 120;

// Walks over the text and leaves behind how far the parser has read: the parser's callbacks and its
// number errors carry no position of their own.
struct TrackedByte {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at;
  const char** furthest;

  const char& operator*() const { return *at; }
  TrackedByte& operator++() {
    *furthest = ++at;
    return *this;
  }
  bool operator==(const TrackedByte& other) const { return at == other.at; }
  bool operator!=(const TrackedByte& other) const { return at != other.at; }
};

std::string position(std::string_view text, std::size_t consumed, const JsonOrigin& origin) {
  const std::size_t last = consumed == 0 ? 0 : consumed - 1;  // the byte that was read last
  if (origin.position == JsonPosition::kByte) {
    return origin.where + "@" + std::to_string(origin.first_byte + last);
  }
  const std::string_view before = text.substr(0, last);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? last + 1 : last - newline;
  return origin.where + ":" + std::to_string(line) + ":" + std::to_string(column);
}

// The parser's sentence without its "[json.exception...] parse error at line 1, column 2: ".
std::string reason(const std::string& what) {
  const std::size_t syntax = what.find("syntax error");
  const std::size_t bracket = what.find("] ");
  const std::size_t start = syntax != std::string::npos    ? syntax
                            : bracket != std::string::npos ? bracket + 2
                                                           : 0;
  return what.substr(start, 2 * kMaxShown);
}

const std::string& or_else(const std::string& code, const std::string& fallback) {
  return code.empty() ? fallback : code;
}

// What parse_json adds to the parser: the depth limit and the refusal of duplicate keys.
class Guard {
 public:
  Guard(std::string_view text, const JsonOrigin& origin, const char* const& furthest)
      : text_(text), origin_(origin), furthest_(furthest) {}

  bool operator()(int depth, nlohmann::json::parse_event_t event, const nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) check_depth(depth);
    if (event == Event::object_start) open_objects_.emplace_back();
    if (event == Event::object_end) open_objects_.pop_back();
    if (event == Event::key) check_new(parsed.get_ref<const std::string&>());
    return true;
  }

 private:
  std::string here() const {
    return position(text_, static_cast<std::size_t>(furthest_ - text_.data()), origin_);
  }

  void check_depth(int depth) const {
    if (depth < kMaxJsonDepth) return;
    throw_bad_input({or_else(origin_.depth_code, origin_.code), here(),
                     std::to_string(depth + 1) + " levels of nesting",
                     "at most " + std::to_string(kMaxJsonDepth), ""});
  }

  void check_new(const std::string& key) {
    if (open_objects_.back().insert(key).second) return;
    throw_bad_input({or_else(origin_.duplicate_code, origin_.code), here(),
                     "the key " + in_quotes(key) + " twice", "every key once in an object", ""});
  }

  std::string_view text_;
  const JsonOrigin& origin_;
  const char* const& furthest_;
  std::vector<std::unordered_set<std::string>> open_objects_;
};

}  // namespace

std::string read_file(const std::filesystem::path& path, const std::string& code) {
  const InputFile file = InputFile::open(path, {code, code, Links::kFollow});
  std::string contents(file.size(), '\0');
  file.read_at(0, std::as_writable_bytes(std::span(contents)));
  return contents;
}

nlohmann::json parse_json(std::string_view text, const JsonOrigin& origin) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  const std::size_t skipped = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  const char* furthest = text.data() + skipped;
  if (skipped == text.size()) {
    throw_bad_input({origin.code, position(text, 0, origin), "an empty text", "valid JSON", ""});
  }
  Guard guard(text, origin, furthest);
  try {
    return nlohmann::json::parse(TrackedByte{furthest, &furthest},
                                 TrackedByte{text.data() + text.size(), &furthest},
                                 std::ref(guard));
  } catch (const nlohmann::json::exception& failure) {
    const auto consumed = static_cast<std::size_t>(furthest - text.data());
    throw_bad_input(
        {origin.code, position(text, consumed, origin), reason(failure.what()), "valid JSON", ""});
  }
}

std::string pointer_step(std::string_view token) {
  std::string step = "/";
  for (const char c : token.substr(0, kMaxShown)) {
    step += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return token.size() > kMaxShown ? step + "..." : step;
}

std::string in_quotes(std::string_view text) {
  return '"' + std::string(text.substr(0, kMaxShown)) +
         (text.size() > kMaxShown ? "\"... (" + std::to_string(text.size()) + " bytes)" : "\"");
}

std::string shown(const nlohmann::json& value) {
  const std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return text.size() <= kMaxShown ? text : text.substr(0, kMaxShown) + "...";
}

}  // namespace trainer
